// The work that stands in for a puzzle: find the number for which the SHA-256 of salt and number is the
// challenge. SHA-256 is our own: the browser's takes a turn of the event loop for each try, and is
// missing on pages that do not come over TLS.

export interface Challenge { algorithm: string; challenge: string; maxNumber: number; salt: string; signature: string; expires_at: string }

const K = Uint32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
);
const START = Int32Array.of(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19);
const w = new Int32Array(64);

/** compress takes one block of 64 bytes into the state. */
function compress(h: Int32Array, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++, at += 4) w[i] = bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!, y = w[i - 2]!;
    w[i] = w[i - 16]! + w[i - 7]! + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10);
  }
  let a = h[0]!, b = h[1]!, c = h[2]!, d = h[3]!, e = h[4]!, f = h[5]!, g = h[6]!, k = h[7]!;
  for (let i = 0; i < 64; i++) {
    const t = k + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + K[i]! + w[i]! | 0;
    const u = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
    k = g; g = f; f = e; e = d + t | 0; d = c; c = b; b = a; a = t + u | 0;
  }
  h[0]! += a; h[1]! += b; h[2]! += c; h[3]! += d; h[4]! += e; h[5]! += f; h[6]! += g; h[7]! += k;
}

/** hasher returns the hash of salt and number, as a state that the next call changes. What the salt
 *  fills of whole blocks is worked once. */
export function hasher(salt: string): (n: number) => Int32Array {
  const prefix = new TextEncoder().encode(salt);
  const whole = prefix.length & ~63;
  const begun = START.slice();
  for (let at = 0; at < whole; at += 64) compress(begun, prefix, at);
  const tail = new Uint8Array(128);
  tail.set(prefix.subarray(whole));
  const from = prefix.length - whole;
  const h = new Int32Array(8);
  return (n) => {
    const digits = String(n);
    let end = from;
    for (let i = 0; i < digits.length; i++) tail[end++] = digits.charCodeAt(i);
    const blocks = end < 56 ? 64 : 128;
    tail[end] = 0x80;
    tail.fill(0, end + 1, blocks);
    const bits = (whole + end) * 8;
    for (let i = 1; i <= 4; i++) tail[blocks - i] = bits >>> 8 * (i - 1);
    h.set(begun);
    for (let at = 0; at < blocks; at += 64) compress(h, tail, at);
    return h;
  };
}

/** words reads a hash of 64 hexadecimal digits. */
const words = (hex: string): Int32Array => Int32Array.from({ length: 8 }, (_, i) => parseInt(hex.slice(8 * i, 8 * i + 8), 16) | 0);

const SLICE = 10; // milliseconds of work before whoever types is let through

/** solve finds a challenge's number, a slice at a time; null where there is none. */
export async function solve(c: Pick<Challenge, "challenge" | "maxNumber" | "salt">): Promise<number | null> {
  const hash = hasher(c.salt);
  const want = words(c.challenge);
  const first = want[0]!;
  let pause = performance.now() + SLICE;
  for (let n = 0; n <= c.maxNumber; n++) {
    const h = hash(n);
    if (h[0] === first && h.every((x, i) => x === want[i])) return n;
    if ((n & 63) === 63 && performance.now() > pause) {
      await new Promise((go) => setTimeout(go));
      pause = performance.now() + SLICE;
    }
  }
  return null;
}
