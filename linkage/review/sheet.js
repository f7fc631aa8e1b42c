"use strict";
// Answers stay in the browser until they are saved as CSV; nothing is sent anywhere.
const items = Array.from(document.querySelectorAll("article.item"));
const reviewer = document.getElementById("reviewer");
const progress = document.getElementById("progress");
const store = "linkage-review-" + document.body.dataset.sheet;

const chosen = item => (item.querySelector("input:checked") || { value: "" }).value;
const note = item => item.querySelector("input.note");

function state() {
  const answers = items.map(item => [item.id, chosen(item), note(item).value]);
  return { reviewer: reviewer.value, answers };
}

function show() {
  const done = items.filter(chosen).length;
  progress.textContent = done + " of " + items.length + " answered";
  try { localStorage.setItem(store, JSON.stringify(state())); } catch (error) { /* no storage: save as CSV */ }
}

function restore() {
  let before = null;
  try { before = JSON.parse(localStorage.getItem(store)); } catch (error) { /* as above */ }
  if (!before) return;
  reviewer.value = before.reviewer;
  for (const [id, answer, text] of before.answers) {
    const item = document.getElementById(id);
    if (!item) continue;
    const box = Array.from(item.querySelectorAll("input[type=radio]")).find(b => b.value === answer);
    if (box) box.checked = true;
    note(item).value = text;
  }
}

function quoted(text) {
  const harmless = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? "'" + text : text;
  return '"' + harmless.replaceAll('"', '""') + '"';
}

function save() {
  if (!reviewer.value.trim()) { reviewer.focus(); progress.textContent = "Your name first, please."; return; }
  const rows = items.map(item => [item.id, chosen(item), reviewer.value.trim(), note(item).value]);
  const text = [["item", "answer", "reviewer", "note"], ...rows].map(row => row.map(quoted).join(",")).join("\r\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff" + text + "\r\n"], { type: "text/csv" }));
  link.download = "answers-" + reviewer.value.trim().replace(/[^\p{L}\p{N}]+/gu, "-") + ".csv";
  link.click();
  URL.revokeObjectURL(link.href);
}

function step(by) {
  const here = items.findIndex(item => item.contains(document.activeElement));
  const next = items[Math.min(Math.max(here + by, 0), items.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "start" });
}

document.addEventListener("keydown", event => {
  const typing = event.target.matches("input:not([type=radio])");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const answer = { y: "yes", n: "no", u: "unsure" }[event.key];
  const item = items.find(one => one.contains(document.activeElement));
  if (answer && item) {
    item.querySelector("input[value=" + answer + "]").checked = true;
    show();
    step(1);
  } else if (event.key === "j" || event.key === "k") {
    step(event.key === "j" ? 1 : -1);
  } else {
    return;
  }
  event.preventDefault();
});
document.addEventListener("input", show);
document.getElementById("save").addEventListener("click", save);
restore();
show();
