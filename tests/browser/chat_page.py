"""The page as a person uses it: what can be typed, clicked and read."""

from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import ConsoleMessage, FilePayload, Locator, Page, Request, expect

from tests.serving import REPOSITORY, App

ARTIFACTS = REPOSITORY / "test-artifacts"
KNOWN_COMPLAINTS = frozenset(
    (
        "`DialogContent` requires a `DialogTitle` for the component to be accessible for screen reader users.\n\n"
        "If you want to hide the `DialogTitle`, you can wrap it with our VisuallyHidden component.\n\n"
        "For more information, see https://radix-ui.com/primitives/docs/components/dialog",
        "Warning: Missing `Description` or `aria-describedby={undefined}` for {DialogContent}.",
        'Skipped "application/*" because it is not a valid MIME type. Check https://developer.mozilla.org/en-US/docs/'
        "Web/HTTP/Basics_of_HTTP/MIME_types/Common_types for a list of valid MIME types.",
    )
)
"""What Chainlit's own page writes to the console whatever we do: its sheet, which is the sidebar on a phone, and its
upload button, as long as the page has not heard yet which files may come."""


@dataclass
class Watch:
    """What a page did that nobody sees."""

    origin: str
    outside: list[str] = field(default_factory=list)
    """Requests that left the machine."""
    blocked: list[str] = field(default_factory=list)
    """Requests that the page's security policy did not let out."""
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings in the console, and scripts that broke off."""
    dialogs: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        page.on("request", self._on_request)
        page.on("requestfailed", self._on_failure)
        page.on("websocket", lambda socket: self._on_address(socket.url))
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._on_dialog)

    def _on_request(self, request: Request) -> None:
        self._on_address(request.url)

    def _on_failure(self, request: Request) -> None:
        if request.failure == "csp":
            self.outside.remove(request.url)
            self.blocked.append(request.url)

    def _on_address(self, url: str) -> None:
        own = (f"{self.origin}/", self.origin.replace("http", "ws") + "/", "data:", "blob:")
        if not url.startswith(own):
            self.outside.append(url)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and message.text not in KNOWN_COMPLAINTS:
            self.complaints.append(message.text)

    async def _on_dialog(self, dialog: object) -> None:
        self.dialogs.append(str(dialog))
        await dialog.dismiss()  # type: ignore[attr-defined]


class ChatPage:
    """One tab with one chat."""

    def __init__(self, page: Page, app: App, watch: Watch) -> None:
        self.page, self.app, self.watch = page, app, watch
        self.log_began = len(app.log)
        self.input = page.locator("#chat-input")
        self.send_button = page.locator("#chat-submit")
        self.stop_button = page.locator("#stop-button")
        self.questions = page.locator('[data-step-type="user_message"]')
        self.messages = page.locator('[data-step-type="assistant_message"]')
        self.answers = self.messages.filter(has=page.get_by_test_id("sources"))
        """The finished ones, which have their sources."""
        self.steps = page.locator('[data-step-type="tool"]')
        self.sidebar = page.locator("#side-view-content")
        self.panel = page.get_by_test_id("turn-panel")

    async def open(self) -> None:
        """Loads the page and waits until the chat is there, with its controls."""
        await self.page.goto(self.app.url)
        await expect(self.page.locator("#mode-picker-trigger-answer")).to_be_visible()

    async def send(self, text: str) -> None:
        """Types the message and presses Enter."""
        await self.input.fill(text)
        await expect(self.send_button).to_be_enabled()
        await self.input.press("Enter")

    async def ask(self, question: str) -> Locator:
        """Sends the question; gives back its answer once it is finished."""
        before = await self.answers.count()
        await self.send(question)
        await expect(self.answers).to_have_count(before + 1)
        await self.rests()
        return self.answers.nth(before)

    async def rests(self) -> None:
        """Waits until no turn runs."""
        await expect(self.stop_button).to_have_count(0)
        await expect(self.send_button).to_be_visible()

    async def attach(self, *files: tuple[str, bytes]) -> None:
        """Chooses files for the next message, and waits until the server has them."""
        before = await self.page.locator("#attachments > *").count()
        await self.choose_files(*files)
        await expect(self.page.locator("#attachments > *")).to_have_count(before + len(files))
        await expect(self.send_button).to_be_enabled()

    async def choose_files(self, *files: tuple[str, bytes]) -> None:
        """Picks files in the dialogue behind the paperclip."""
        payloads: list[FilePayload] = [
            {"name": name, "mimeType": "application/octet-stream", "buffer": content} for name, content in files
        ]
        await self.page.locator("#upload-button-input").set_input_files(payloads)

    async def choose(self, mode: str) -> None:
        """Who answers from now on: "Auto", "Local only" or "Large"."""
        await self.page.locator("#mode-picker-trigger-answer").click()
        await self.page.get_by_role("option").filter(has_text=mode).click()
        await expect(self.page.locator("#mode-picker-trigger-answer")).to_contain_text(mode)

    async def switch_off(self, setting: str) -> None:
        """Turns one of the switches off in the settings and confirms."""
        await self.page.locator("#chat-settings-open-modal").click()
        switch = self.page.get_by_role("switch", name=setting)
        await expect(switch).to_be_checked()
        await switch.click()
        await self.page.get_by_role("button", name="Confirm").click()
        await expect(switch).to_have_count(0)

    async def edit(self, nth: int, text: str) -> None:
        """Changes an earlier question and sends it again."""
        question = self.questions.nth(nth)
        await question.get_by_role("article").hover()
        await question.locator(".edit-message").click()
        await question.locator("#edit-chat-input").fill(text)
        await question.get_by_role("button", name="Confirm").click()

    def mark(self, answer: Locator, number: int) -> Locator:
        """The mark [n] in an answer's text."""
        return answer.locator("a.element-link", has_text=f"[{number}]")

    def source(self, answer: Locator, number: int) -> Locator:
        """The line of passage n under an answer."""
        return answer.get_by_test_id("sources").locator(f'[data-source="{number}"]')

    async def stages(self) -> dict[str, float]:
        """Milliseconds of each bar in the panel."""
        rows = self.panel.locator("tr[data-stage]")
        pairs = await rows.evaluate_all("rows => rows.map(row => [row.dataset.stage, Number(row.dataset.ms)])")
        return dict(pairs)

    async def total_ms(self) -> float:
        """The panel's total."""
        return float(await self.panel.get_attribute("data-total-ms") or "nan")

    async def picture(self, name: str) -> Path:
        """A screenshot among the test artifacts."""
        ARTIFACTS.mkdir(exist_ok=True)
        path = ARTIFACTS / f"{name}.png"
        await self.page.screenshot(path=path, animations="disabled")
        return path
