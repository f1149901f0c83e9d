/** One answer of the model in this worker: the prompt made, opened, and streamed until it ends. */
import { detokenizer } from "./detokenizer.js";
import { takeApart } from "./thinking.js";

/** What the person asked cannot be answered by this model: `message` is a sentence that says why. */
export class Unanswerable extends Error {}

/**
 * @param {{library: object, tokenizer: object, model: object}} loaded
 * @param {{messages: {role: string, content: string}[], maxTokens: number, temperature: number}} request
 * @param {{interrupted: boolean}} stopper the library's `InterruptableStoppingCriteria`
 * @param {(event: object) => void} emit
 * @returns {Promise<{reason: "stop" | "length" | "stopped", promptTokens: number, tokens: number}>}
 *   tokens count without the one that ends the answer
 * @throws {Unanswerable} when the model has no form for a chat, or the prompt is longer than it reads
 */
export async function generate({ tokenizer, model }, { messages, maxTokens, temperature }, stopper, emit) {
  const prompt = writePrompt(tokenizer, messages);
  const inputs = tokenizer(prompt, { add_special_tokens: false });
  const promptTokens = inputs.input_ids.dims.at(-1);
  const room = longest(tokenizer, model) - promptTokens;
  if (room < 1) {
    throw new Unanswerable(`The prompt has ${promptTokens} tokens, and this model reads ${promptTokens + room - 1} at `
      + "most. Take less text, or choose another model.");
  }
  emit({ kind: "opened" });

  const ends = endsOf(tokenizer, model);
  const decoding = { skip_special_tokens: true, clean_up_tokenization_spaces: false };
  const text = detokenizer((ids) => tokenizer.decode(ids, decoding));
  const parts = takeApart(/<think>\s*$/.test(prompt));
  const send = (deltas) => deltas.forEach(emit);
  let [prompted, last, tokens] = [false, null, 0];
  const streamer = {
    put([ids]) {
      if (!prompted || stopper.interrupted) {
        prompted = true; // the first call repeats the prompt
        return;
      }
      last = Number(ids[0]);
      if (!ends.has(last)) {
        tokens += 1;
        send(parts.push(text.push(last)));
      }
    },
    end() {},
  };

  await nextTask();
  if (!stopper.interrupted) {
    const sampling = temperature > 0 ? { do_sample: true, temperature } : { do_sample: false };
    const max_new_tokens = Math.min(maxTokens, room);
    await model.generate({
      ...inputs, ...sampling, max_new_tokens, eos_token_id: [...ends], streamer, stopping_criteria: [stopper],
    });
  }
  send(parts.push(text.end()));
  send(parts.end());
  return { reason: stopper.interrupted ? "stopped" : ends.has(last) ? "stop" : "length", promptTokens, tokens };
}

/** Lets a message that waits be heard: WebAssembly computes without a pause, so "stop" would come after the answer. */
export function hearBetweenTokens(model) {
  const forward = model.forward.bind(model);
  model.forward = async (inputs) => {
    await nextTask();
    return forward(inputs);
  };
}

function nextTask() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** The chat in the model's own form; for templates without a system role, that text opens the first message. */
function writePrompt(tokenizer, messages) {
  if (!tokenizer.chat_template) {
    throw new Unanswerable("This model has no chat template, so it cannot answer. Choose an instruct or chat model.");
  }
  const write = (chat) => tokenizer.apply_chat_template(chat, { tokenize: false, add_generation_prompt: true });
  try {
    return write(messages);
  } catch {
    const [system, first, ...others] = messages;
    try {
      return write([{ ...first, content: `${system.content}\n\n${first.content}` }, ...others]);
    } catch {
      throw new Unanswerable("The model's chat template refuses this prompt. Choose another model.");
    }
  }
}

/** @returns {number} how many tokens prompt and answer may have together; Infinity where the model does not tell */
function longest(tokenizer, model) {
  const config = model.config.text_config ?? model.config;
  return Math.min(config.max_position_embeddings ?? Infinity, tokenizer.model_max_length || Infinity);
}

/** @returns {Set<number>} tokens that end an answer; some models list the end of a turn only with their tokenizer */
function endsOf(tokenizer, model) {
  const listed = model.generation_config?.eos_token_id ?? model.config.eos_token_id ?? [];
  return new Set([listed, tokenizer.eos_token_id ?? []].flat().map(Number));
}
