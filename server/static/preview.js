// Previews one clip at a time, independent of the player that compares source and result.

const audio = new Audio();
let playing = null;

function stopped() {
  const ended = playing;
  playing = null;
  if (ended) {
    URL.revokeObjectURL(ended.url);
    ended.onChange(false);
  }
}
audio.addEventListener("ended", stopped);
audio.addEventListener("error", stopped);

/** Stops the preview. */
export function stopPreview() {
  audio.pause();
  stopped();
}

/** Plays a clip, or stops it if it is playing; onChange(true | false) reports which. */
export async function togglePreview(clip, onChange) {
  const same = playing?.clip === clip;
  stopPreview();
  if (same) return;
  playing = { clip, onChange, url: URL.createObjectURL(clip.blob) };
  document.dispatchEvent(new Event("openvoice:preview"));
  audio.src = playing.url;
  onChange(true);
  await audio.play().catch(() => {
    if (playing?.clip === clip) stopped();
  });
}
