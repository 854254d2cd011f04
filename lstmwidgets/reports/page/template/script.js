// What the page does beyond reading: views start when they come near, all code opens at once, the contents follow.
(() => {
  const NEAR = "150% 0px"; // a screen and a half ahead

  // Views. Each waits as text beside its still, which stands on paper, and until the view is drawn.
  const frames = new Map();

  function start(figure) {
    const frame = document.createElement("iframe");
    frame.title = figure.dataset.title;
    frame.setAttribute("sandbox", "allow-scripts");
    frame.srcdoc = JSON.parse(figure.querySelector(".lw-page").textContent);
    figure.querySelector(".lw-still").after(frame);
    frames.set(frame.contentWindow, frame);
  }

  addEventListener("message", ({ source, data }) => {
    const frame = frames.get(source);
    if (!frame || !Number.isFinite(data?.height) || data.height < 50) return;
    frame.style.height = `${data.height}px`;
    frame.parentElement.classList.add("lw-started");
  });

  const nearing = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      nearing.unobserve(target);
      start(target);
    }
  }, { rootMargin: NEAR });
  for (const figure of document.querySelectorAll(".lw-live")) nearing.observe(figure);

  // Pictures that are wider than the screen begin at their newest end.
  for (const still of document.querySelectorAll(".lw-still")) still.scrollLeft = still.scrollWidth;

  // Code.
  const code = [...document.querySelectorAll("details.lw-code")];
  const every = document.querySelector(".lw-every");
  if (every && code.length) {
    const say = () => {
      const open = code.every((each) => each.open);
      every.textContent = open ? "Hide all code" : "Show all code";
      every.setAttribute("aria-pressed", String(open));
    };
    every.hidden = false;
    every.addEventListener("click", () => {
      const open = !code.every((each) => each.open);
      for (const each of code) each.open = open;
    });
    for (const each of code) each.addEventListener("toggle", say);
    say();
  }

  // Contents: the section that is read is marked.
  const links = new Map([...document.querySelectorAll(".lw-contents a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(target.getAttribute("aria-labelledby"))?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-20% 0px -75% 0px" });
  for (const section of document.querySelectorAll("section[aria-labelledby]")) seen.observe(section);
})();
