// A question before an action. `window.confirm` does not work inside Telegram.

const box = document.getElementById("confirm");
const yes = document.getElementById("confirm-yes");

/** Whether the person said yes; Escape and the other button say no. */
export function confirm(heading, text, word) {
  document.getElementById("confirm-heading").textContent = heading;
  document.getElementById("confirm-text").textContent = text;
  yes.textContent = word;
  box.returnValue = "";
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener("close", () => resolve(box.returnValue === "yes"), { once: true });
  });
}

yes.addEventListener("click", () => box.close("yes"));
document.getElementById("confirm-no").addEventListener("click", () => box.close("no"));
// a click outside the box is a no; a click inside it has a child as its target
box.addEventListener("click", (event) => {
  if (event.target === box) box.close("no");
});

export function dropQuestion() {
  if (box.open) box.close("no");
}
