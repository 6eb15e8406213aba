// Plays one clip at a time, beside the player that compares source and result.

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

/** Stops whatever is being previewed. */
export function stopPreview() {
  audio.pause();
  stopped();
}

/** Starts a clip, or stops it where it is the one playing; onChange(true | false) follows what happens. */
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
