// Ask now and then how the session's kernel is, say that somebody is here, and tell when it has gone.
const asksEvery = 15_000;
const warnsBelow = 60; // seconds
const { kernelId, baseUrl } = JSON.parse(document.getElementById("jupyter-config-data").textContent);
const note = document.getElementById("lw-note");
let used = false;
for (const event of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) {
  document.addEventListener(event, () => { used = true; }, { passive: true });
}

const say = (words, ended) => {
  note.hidden = !words;
  note.replaceChildren(words);
  note.classList.toggle("lw-ended", Boolean(ended));
  if (!ended) return;
  const again = document.createElement("button");
  again.textContent = "Start a new session";
  again.onclick = () => location.reload();
  note.append(again);
};

const ask = async () => {
  const method = used ? "POST" : "GET";
  used = false;
  const xsrf = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1] ?? "";
  let answer;
  try {
    answer = await fetch(`${baseUrl}session/${kernelId}`, { method, headers: { "X-XSRFToken": xsrf } });
  } catch {
    say("The server does not answer. What is shown can still be looked at, and nothing can be trained.");
    return;
  }
  if (!answer.ok || !answer.headers.get("Content-Type")?.includes("json")) {
    clearInterval(asking);
    say(
      `This session has ended: nobody used it for ${idleMinutes} minutes, or it ran out of memory. ` +
        "What is shown can still be looked at, and nothing can be trained.",
      true,
    );
    return;
  }
  const { seconds_left: left } = await answer.json();
  say(left < warnsBelow ? "Are you still here? This session ends within a minute unless something on this page moves." : "");
};
const asking = setInterval(ask, asksEvery);
document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
