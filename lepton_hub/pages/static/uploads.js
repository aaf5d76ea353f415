// Resumable uploads of any size, in chunks and with progress.
"use strict";

const PIECE = 8 * 1024 * 1024; // the hub stores uploads in parts of this size
const SMALL = 1024 * 1024; // smaller files are sent with the form itself, as without a script
const SLICE = 4 * 1024 * 1024;
const MOST_FAILURES = 12;

// Incremental SHA-256 (FIPS 180-4): the browser's own needs the whole file in memory.
class Sha256 {
  static K = Uint32Array.from(Sha256.primes(64), (p) => Sha256.fraction(Math.cbrt(p)));

  static primes(count) {
    const found = [];
    for (let n = 2; found.length < count; n++) {
      if (found.every((p) => n % p)) found.push(n);
    }
    return found;
  }

  static fraction(number) {
    return Math.floor((number - Math.floor(number)) * 2 ** 32);
  }

  constructor() {
    this.state = Uint32Array.from(Sha256.primes(8), (p) => Sha256.fraction(Math.sqrt(p)));
    this.words = new Uint32Array(64);
    this.rest = new Uint8Array(64);
    this.filled = 0;
    this.length = 0;
  }

  add(bytes) {
    this.length += bytes.length;
    let place = 0;
    if (this.filled) {
      place = Math.min(64 - this.filled, bytes.length);
      this.rest.set(bytes.subarray(0, place), this.filled);
      this.filled += place;
      if (this.filled < 64) return;
      this.block(this.rest, 0);
      this.filled = 0;
    }
    for (; place + 64 <= bytes.length; place += 64) this.block(bytes, place);
    this.rest.set(bytes.subarray(place));
    this.filled = bytes.length - place;
  }

  block(bytes, start) {
    const w = this.words;
    const k = Sha256.K;
    for (let i = 0, at = start; i < 16; i++, at += 4) {
      w[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    }
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = this.state;
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (h + s1 + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    const s = this.state;
    s[0] += a;
    s[1] += b;
    s[2] += c;
    s[3] += d;
    s[4] += e;
    s[5] += f;
    s[6] += g;
    s[7] += h;
  }

  hex() {
    const bits = this.length * 8;
    const end = new Uint8Array(this.filled < 56 ? 64 : 128);
    end.set(this.rest.subarray(0, this.filled));
    end[this.filled] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(end.length - 4, bits >>> 0);
    for (let place = 0; place < end.length; place += 64) this.block(end, place);
    return Array.from(this.state, (word) => word.toString(16).padStart(8, "0")).join("");
  }
}

class Refused extends Error {}

const meta = (name) => document.querySelector(`meta[name="${name}"]`);
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

// Call the hub's API. After a new sign-in in another tab, retry with the new form token.
async function ask(method, path, options = {}, again = true) {
  const headers = { "X-Form-Token": meta("form-token").content, ...options.headers };
  const address = meta("hub-prefix").content + path;
  const answer = await fetch(address, { ...options, method, headers, redirect: "error" });
  if (answer.status === 401 && again && (await renewToken())) {
    return ask(method, path, options, false);
  }
  return answer;
}

async function renewToken() {
  const page = await fetch(location.href, { redirect: "manual" });
  if (!page.ok) return false;
  const read = new DOMParser().parseFromString(await page.text(), "text/html");
  const token = read.querySelector('meta[name="form-token"]')?.content;
  if (!token) return false;
  meta("form-token").content = token;
  for (const field of document.querySelectorAll('input[name="form_token"]')) field.value = token;
  return true;
}

async function reason(answer) {
  if (answer.status === 401) {
    return "Your session has expired. Sign in again in another tab, then press the button again.";
  }
  try {
    return (await answer.json()).detail;
  } catch {
    return "The hub gave an unexpected answer.";
  }
}

async function digestOf(file, report) {
  const hash = new Sha256();
  for (let place = 0; place < file.size; place += SLICE) {
    report(place / file.size);
    hash.add(new Uint8Array(await file.slice(place, place + SLICE).arrayBuffer()));
  }
  return hash.hex();
}

// Return an upload for a file, resuming one started for the same content.
async function uploadOf(file, sha256) {
  const key = `upload ${sha256} ${file.size}`;
  const known = localStorage.getItem(key);
  if (known) {
    const answer = await ask("GET", `/uploads/${known}`);
    if (answer.ok) return { key, ...(await answer.json()) };
    localStorage.removeItem(key);
  }
  const answer = await ask("POST", "/uploads", {
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ size: file.size, sha256 }),
  });
  if (!answer.ok) throw new Refused(await reason(answer));
  const begun = await answer.json();
  localStorage.setItem(key, begun.id);
  return { key, ...begun };
}

async function send(file, upload, report) {
  let offset = upload.offset;
  let failures = 0;
  while (offset < file.size) {
    report(offset / file.size);
    let wait = Math.min(30, 2 ** failures / 4);
    try {
      const answer = await ask("PATCH", `/uploads/${upload.id}`, {
        headers: { "Upload-Offset": String(offset), "Content-Type": "application/octet-stream" },
        body: file.slice(offset, offset + PIECE),
      });
      if (answer.ok) {
        offset = Number(answer.headers.get("Upload-Offset"));
        failures = 0;
        continue;
      }
      if (answer.status === 409) offset = Number(answer.headers.get("Upload-Offset"));
      else if (answer.status < 500 && ![408, 429].includes(answer.status)) {
        throw new Refused(await reason(answer));
      }
      wait = Math.max(wait, Number(answer.headers.get("Retry-After")) || 0);
    } catch (error) {
      if (error instanceof Refused) throw error; // anything else: the connection broke
    }
    failures += 1;
    if (failures > MOST_FAILURES) {
      throw new Refused("The connection broke. What has arrived is kept: press the button again.");
    }
    await pause(wait);
    const reached = await ask("GET", `/uploads/${upload.id}`).catch(() => null);
    if (reached?.ok) offset = (await reached.json()).offset;
  }
}

async function sendAll(form, files) {
  const box = form.querySelector("[data-progress]");
  const said = box.querySelector("[data-said]");
  const bar = box.querySelector("progress");
  const tell = (doing, file) => (part) => {
    bar.value = part;
    const words = `${doing} ${file.name}: ${Math.floor(part * 20) * 5} %`;
    if (said.textContent !== words) said.textContent = words;
  };
  box.hidden = false;
  said.classList.remove("problem");
  for (const file of files) {
    if (file.size > Number(form.dataset.largest)) throw new Refused(`${file.name} is too large.`);
  }
  const arrived = [];
  for (const file of files) {
    const upload = await uploadOf(file, await digestOf(file, tell("Reading", file)));
    await send(file, upload, tell("Sending", file));
    arrived.push([upload, file]);
  }
  for (const [upload, file] of arrived) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "upload";
    field.value = `${upload.id} ${file.name}`;
    form.append(field);
    localStorage.removeItem(upload.key);
  }
  said.textContent = "Everything has arrived.";
  bar.value = 1;
}

for (const form of document.querySelectorAll("form[data-uploads]")) {
  const chooser = form.querySelector('input[type="file"]');
  const button = form.querySelector("button");
  form.querySelector("[data-without-script]").hidden = true;
  const stay = (event) => event.preventDefault();
  form.addEventListener("submit", async (event) => {
    const files = [...chooser.files];
    if (files.reduce((sum, file) => sum + file.size, 0) < SMALL) return;
    event.preventDefault();
    button.disabled = true;
    addEventListener("beforeunload", stay);
    try {
      await sendAll(form, files);
      chooser.disabled = true; // its files are uploaded already
      removeEventListener("beforeunload", stay);
      form.submit();
    } catch (error) {
      const said = form.querySelector("[data-said]");
      said.textContent = error instanceof Refused ? error.message
        : "Something went wrong. What has arrived is kept: press the button again.";
      said.classList.add("problem");
    } finally {
      removeEventListener("beforeunload", stay);
      button.disabled = false;
    }
  });
}
