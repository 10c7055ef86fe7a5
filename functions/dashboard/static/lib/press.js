// A message that appears between press and release would move the button, and the click would be lost.
let pressing = false;
addEventListener(
  "pointerdown",
  () => {
    pressing = true;
  },
  true,
);
addEventListener(
  "pointerup",
  () => {
    pressing = false;
  },
  true,
);

export function afterPress(work) {
  if (pressing) addEventListener("pointerup", () => setTimeout(work), { once: true });
  else work();
}
