/**
 * What this browser can run a model on, and which precision of a model fits it.
 *
 * @typedef {{name: string, vendor: string, architecture: string, f16: boolean, fallback: boolean,
 *   maxBufferSize: number, maxStorageBufferBindingSize: number}} Adapter sizes in bytes; `fallback` is software
 * @typedef {{webgpu: Adapter | null, simd: boolean, threads: number, cores: number, isolated: boolean,
 *   memory: number | null, free: number | null, keeps: boolean}} Device
 *   `memory` is the machine's in bytes, null where the browser does not tell or tells its cap; `free` what the browser
 *   would still store, in bytes; `keeps` whether it has a cache at all
 * @typedef {{device?: "webgpu" | "wasm", precision?: string}} Wish
 * @typedef {{device: "webgpu" | "wasm", precision: string, bytes: number, adapter: string, threads: number,
 *   note: string}} Choice `note` is a sentence for the person, or ""
 */

const GIB = 2 ** 30;
/** Browsers tell no more memory than this, so a machine that says so may have any amount above it. */
const MEMORY_CAP_GIB = 8;
/** Twice: the file as fetched, and what the runtime makes of it. */
const COPIES = { webgpu: 1.5, wasm: 2 };
/** The heap of 32-bit WebAssembly ends at 4 GiB, and weights that are packed for the processor stand in it twice. */
const WASM_MOST = 2 * GIB;
/** Of the file: the largest tensor, which needs one buffer. Of a small model it is the table of words, about half. */
const LARGEST_TENSOR = 0.5;

/** Best first. WebGPU has no kernels for 8-bit integers, WebAssembly none for 16-bit floats. */
const PRECISIONS = {
  webgpuF16: ["q4f16", "q4", "fp16", "fp32", "q2f16", "q2"],
  webgpu: ["q4", "fp32", "q2"],
  wasm: ["q8", "int8", "uint8", "q4", "bnb4", "fp32", "q2"],
};
const VENDORS = { amd: "AMD", apple: "Apple", arm: "Arm", google: "Google", intel: "Intel", nvidia: "NVIDIA" };
/** A module of one function with one SIMD instruction (`i8x16.splat`). */
const SIMD_MODULE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11,
];

/** @returns {Promise<Device>} what this browser has; never throws */
export async function inspect() {
  const cores = navigator.hardwareConcurrency || 1;
  const isolated = globalThis.crossOriginIsolated === true;
  const gib = navigator.deviceMemory;
  return {
    webgpu: await findAdapter(),
    simd: typeof WebAssembly === "object" && WebAssembly.validate(new Uint8Array(SIMD_MODULE)),
    threads: isolated ? Math.min(8, Math.ceil(cores / 2)) : 1, // logical cores come in pairs; more than 8 gain nothing
    cores,
    isolated,
    memory: gib && gib < MEMORY_CAP_GIB ? gib * GIB : null,
    free: await freeStorage(),
    keeps: "caches" in globalThis,
  };
}

/** @returns {Promise<Adapter | null>} the WebGPU adapter, or null: none, or its driver is broken */
async function findAdapter() {
  try {
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
    const { vendor = "", architecture = "", description = "", isFallbackAdapter = false } = adapter.info;
    const named = [VENDORS[vendor] ?? vendor, architecture].filter(Boolean).join(" ");
    return {
      name: description || named || "unnamed adapter",
      vendor,
      architecture,
      f16: adapter.features.has("shader-f16"),
      fallback: isFallbackAdapter || adapter.isFallbackAdapter === true || architecture === "swiftshader",
      maxBufferSize: adapter.limits.maxBufferSize,
      maxStorageBufferBindingSize: adapter.limits.maxStorageBufferBindingSize,
    };
  } catch {
    return null;
  }
}

async function freeStorage() {
  try {
    const { quota, usage } = await navigator.storage.estimate();
    return quota - usage;
  } catch {
    return null;
  }
}

/**
 * @param {Record<string, number>} precisions what a model comes in: precision → bytes
 * @param {Device} device
 * @param {Wish} [wish] what the person asked for
 * @returns {Choice | {reason: string}} the best that runs here, or a sentence why nothing does
 */
export function choose(precisions, device, wish = {}) {
  const devices = wish.device ? [wish.device] : device.webgpu && !device.webgpu.fallback ? ["webgpu", "wasm"]
    : ["wasm", "webgpu"];
  let reason = "";
  for (const name of devices) {
    const absent = whyAbsent(name, device);
    const names = absent ? [] : suited(name, device).filter((precision) => precision in precisions);
    const wished = wish.precision ? names.filter((precision) => precision === wish.precision) : names;
    reason ||= absent || whyNone(name, precisions, names, wish);
    for (const precision of wished) {
      const bytes = precisions[precision];
      const tooLarge = whyTooLarge(name, bytes, device);
      if (!tooLarge) {
        const adapter = name === "webgpu" ? device.webgpu.name : "";
        return { device: name, precision, bytes, adapter, threads: device.threads, note: keepingNote(bytes, device) };
      }
      reason ||= tooLarge;
    }
  }
  return { reason };
}

function suited(name, device) {
  return name === "wasm" ? PRECISIONS.wasm : PRECISIONS[device.webgpu.f16 ? "webgpuF16" : "webgpu"];
}

function whyAbsent(name, device) {
  if (name === "webgpu" && !device.webgpu) {
    return "This browser has no WebGPU adapter. Choose WebAssembly, or turn on WebGPU in the browser.";
  }
  if (name === "wasm" && !device.simd) {
    return "This browser is too old for models: it lacks fast WebAssembly. Update it, or use the models on the server.";
  }
  return "";
}

function whyNone(name, precisions, names, wish) {
  const here = name === "webgpu" ? "this WebGPU adapter" : "WebAssembly";
  if (wish.precision && !names.includes(wish.precision)) {
    return `${wish.precision} does not run on ${here}. Choose another precision, or let the page choose.`;
  }
  if (!names.length) {
    const all = Object.keys(precisions).join(", ") || "no precision at all";
    return `This model comes as ${all}, and none of that runs on ${here}. Choose another model.`;
  }
  return "";
}

function whyTooLarge(name, bytes, device) {
  const size = `The model's ${inMb(bytes)} MB`;
  if (device.memory !== null && bytes * COPIES[name] > device.memory) {
    return `${size} need more memory than this machine has. Choose a smaller model.`;
  }
  if (name === "wasm" && bytes > WASM_MOST) {
    return `${size} are more than WebAssembly can hold. Choose a smaller model, or a browser with WebGPU.`;
  }
  if (name === "webgpu") {
    const { maxBufferSize, maxStorageBufferBindingSize } = device.webgpu;
    if (bytes * LARGEST_TENSOR > Math.min(maxBufferSize, maxStorageBufferBindingSize)) {
      return `${size} need larger buffers than this WebGPU adapter offers. Choose a smaller model.`;
    }
  }
  return "";
}

function keepingNote(bytes, device) {
  if (!device.keeps) {
    return "This page was not opened over https or from this machine, so the browser keeps no model: it is fetched "
      + "again at each visit.";
  }
  return device.free !== null && bytes > device.free
    ? `The browser has room for ${inMb(Math.max(0, device.free))} MB only, so the model is fetched again at each visit.`
    : "";
}

const inMb = (bytes) => Math.max(1, Math.round(bytes / 1e6));

/**
 * @param {Device} device
 * @returns {string} one sentence on what a model will run on here
 */
export function describe(device) {
  const { webgpu } = device;
  if (webgpu && !webgpu.fallback) {
    return `Runs on WebGPU: ${webgpu.name}, ${webgpu.f16 ? 16 : 32}-bit numbers.`;
  }
  const lack = webgpu ? "has WebGPU in software only" : "has no WebGPU adapter";
  if (!device.simd) {
    return `This browser ${lack} and no fast WebAssembly, so no model runs in it. `
      + "Update it, or use the models on the server.";
  }
  const threads = `${device.threads} ${device.threads === 1 ? "thread" : "threads"}`;
  return `This browser ${lack}, so the model runs on the processor (WebAssembly, ${threads}); expect it to be slower.`;
}
