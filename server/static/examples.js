// Code examples, filled with this server's address, two of the samples and the API key header where it is needed.

const PYTHON_BASE64 = `def audio_to_base64(path):
    with open(path, "rb") as file:
        return base64.b64encode(file.read()).decode()`;

/**
 * The examples of one server.
 *
 * @param server its address, without a slash at the end
 * @param samples [target, source]: names of shipped clips
 * @param needsKey whether requests need an API key
 * @returns an object from example name to a list of { language, code }
 */
export function examples(server, [target, source], needsKey) {
  const [targetFile, sourceFile] = [`target.${suffix(target)}`, `source.${suffix(source)}`];
  const curlKey = needsKey ? '  -H "Authorization: Bearer $OPENVOICE_API_KEY" \\\n' : "";
  const pythonKey = needsKey ? ', headers={"Authorization": "Bearer " + os.environ["OPENVOICE_API_KEY"]}' : "";
  const pythonOs = needsKey ? "import os\n" : "";
  const jsKey = needsKey ? '\n  apiKey: "…",' : "";
  const fetchFiles = `curl -sS -o ${targetFile} ${server}/samples/${target}\ncurl -sS -o ${sourceFile} ${server}/samples/${source}`;
  const jsFiles = `const { clone, cloneStream, tone } = await import("${server}/static/openvoice.js");
const file = async (name) => (await fetch("${server}/samples/" + name)).blob();
const [target, source] = [await file("${target}"), await file("${source}")];`;

  const curlClone = (tau) => `curl -sS -H "Accept: audio/wav" \\\n${curlKey}  -F target_audio=@${targetFile} -F source_audio=@${sourceFile} -F tau=${tau} \\
  -o result.wav ${server}/api/clone`;
  const curlGet = (path, key) => [{ language: "curl", code: `curl -sS ${key.trimStart()}${key ? "  " : ""}${server}${path}` }];

  return {
    start: [{ language: "curl", code: `${fetchFiles}\n${curlClone(1)}` }],
    "/api/clone": [
      { language: "curl", code: curlClone(0.5) },
      { language: "Python", code: `import base64
${pythonOs}import requests

${PYTHON_BASE64}

response = requests.post("${server}/api/clone"${pythonKey}, json={
    "target_audio": audio_to_base64("${targetFile}"),
    "source_audio": audio_to_base64("${sourceFile}"),
    "tau": 0.5,
})
result = response.json()
if not result["success"]:
    raise SystemExit(result["message"])
with open("result.wav", "wb") as file:
    file.write(base64.b64decode(result["result_audio"]))
print(result["stats"])` },
      { language: "JavaScript", code: `${jsFiles}

const { audio, stats } = await clone({
  server: "${server}",${jsKey}
  target, source, tau: 0.5,
});
new Audio(URL.createObjectURL(audio)).play();
console.log(stats);` },
    ],
    "/api/voices": [
      { language: "curl", code: `curl -sS ${curlKey.trimStart()}${needsKey ? "  " : ""}-F name=my-voice -F audio=@${targetFile} ${server}/api/voices
curl -sS -H "Accept: audio/wav" \\\n${curlKey}  -F target_voice=my-voice -F source_audio=@${sourceFile} -F tau=1 \\
  -o result.wav ${server}/api/clone` },
    ],
    "/api/clone/stream": [
      { language: "curl", code: `printf '{"target_audio": "%s", "source_audio": "%s", "tau": 0.5}' \\
  "$(base64 < ${targetFile} | tr -d '\\n')" "$(base64 < ${sourceFile} | tr -d '\\n')" |
curl -sS -N -H "Content-Type: application/json" \\\n${curlKey}  --data-binary @- ${server}/api/clone/stream` },
      { language: "Python", code: `import base64
import json
${pythonOs}import wave
import requests

${PYTHON_BASE64}

response = requests.post("${server}/api/clone/stream"${pythonKey}, stream=True, json={
    "target_audio": audio_to_base64("${targetFile}"),
    "source_audio": audio_to_base64("${sourceFile}"),
    "tau": 0.5,
})
with wave.open("result.wav", "wb") as result:
    result.setnchannels(1)
    result.setsampwidth(2)
    for line in response.iter_lines():
        message = json.loads(line)
        if "audio" in message:
            result.writeframes(base64.b64decode(message["audio"]))
            print(f"{message['progress']:.0%}")
        elif not message["success"]:
            raise SystemExit(message["message"])
        elif "sample_rate" in message:
            result.setframerate(message["sample_rate"])` },
      { language: "JavaScript", code: `${jsFiles}

const cancel = new AbortController(); // cancel.abort() stops it
const { audio } = await cloneStream({
  server: "${server}",${jsKey}
  target, source, tau: 0.5,
  signal: cancel.signal,
  onProgress: (share) => console.log(Math.round(share * 100) + " %"),
});
new Audio(URL.createObjectURL(audio)).play();` },
    ],
    "/api/tone": [
      { language: "curl", code: `curl -sS ${curlKey.trimStart()}${curlKey ? "  " : ""}-F audio=@${targetFile} ${server}/api/tone` },
      { language: "Python", code: `import base64
${pythonOs}import requests

${PYTHON_BASE64}

response = requests.post("${server}/api/tone"${pythonKey}, json={
    "audio": audio_to_base64("${targetFile}"),
})
voice = response.json()
if not voice["success"]:
    raise SystemExit(voice["message"])
print(voice["seconds"], voice["warnings"])
print(voice["tone"])  # /api/clone takes it as target_tone` },
      { language: "JavaScript", code: `${jsFiles}

const voice = await tone({ server: "${server}",${jsKey} audio: target });
const { audio } = await clone({ server: "${server}",${jsKey} targetTone: voice.tone, source, tau: 0.5 });
new Audio(URL.createObjectURL(audio)).play();` },
    ],
    "/api/verify": [
      { language: "curl", code: `curl -sS ${curlKey.trimStart()}${curlKey ? "  " : ""}-F audio=@${targetFile} ${server}/api/verify` },
      { language: "Python", code: `import base64
${pythonOs}import requests

${PYTHON_BASE64}

response = requests.post("${server}/api/verify"${pythonKey}, json={
    "audio": audio_to_base64("${targetFile}"),
})
found = response.json()
if not found["success"]:
    raise SystemExit(found["message"])
print(found["watermark"]["present"], found["watermark"]["confidence"], found["metadata"])` },
      { language: "JavaScript", code: `${jsFiles.replace("clone, cloneStream, tone", "verify")}

const { watermark, metadata } = await verify({ server: "${server}",${jsKey} audio: target });
console.log(watermark.present, watermark.confidence, metadata);` },
    ],
    "/api/info": curlGet("/api/info", curlKey),
    "/api/health": curlGet("/api/health", ""),
    segments: [{ language: "JavaScript", code: `${jsFiles.replace("const { clone, cloneStream, tone } =", "const { fileToBase64, extractSegment, convertToBase64, mergeSegments } =\n ")}

const context = new AudioContext();
const audioBuffer = await context.decodeAudioData(await source.arrayBuffer());
const target_audio = await fileToBase64(target);
const length = 10 * audioBuffer.sampleRate; // ten seconds
const results = [];
for (let start = 0; start < audioBuffer.length; start += length) {
  const source_audio = await convertToBase64(extractSegment(audioBuffer, start, length));
  const response = await fetch("${server}/api/clone", {
    method: "POST",
    headers: { "Content-Type": "application/json"${needsKey ? ', Authorization: "Bearer …"' : ""} },
    body: JSON.stringify({ target_audio, source_audio, tau: 0.5 }),
  });
  const answer = await response.json();
  if (!answer.success) throw new Error(answer.message);
  results.push(answer.result_audio);
}
const whole = await mergeSegments(results);
new Audio(URL.createObjectURL(whole)).play();` }],
    command: [{ language: "shell", code: `python -m client clone --server ${server} \\
  --target ${targetFile} --source ${sourceFile} --output result.wav` }],
  };
}

const suffix = (name) => name.slice(name.lastIndexOf(".") + 1);
