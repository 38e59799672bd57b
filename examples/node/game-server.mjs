/**
 * A game server that delivers drops: one file without dependencies, for Node 18 or newer.
 *
 *     DROPS_URL=https://… DROPS_KEY=sd_… DROPS_SECRET=whsec_… node game-server.mjs
 *
 * Three rules make it safe to stop it at any point and to receive everything twice:
 *
 * 1. Write down which items you are about to deliver, under a new fulfilment id. Then call `fulfil`.
 * 2. Deliver an item only if the outcome is `fulfilled`, and note it as done in the same transaction.
 * 3. If an answer is lost, call `fulfil` again with the same fulfilment id.
 *
 * A webhook only says that there is something to do. The list of entitlements is the truth, so this
 * server also looks at it every 30 seconds.
 */
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const { DROPS_URL, DROPS_KEY, DROPS_SECRET, PORT = "8300", DATABASE = "game.json" } = process.env;
const TOLERANCE_SECONDS = 300;
const MOST_IDS_PER_CALL = 1000;

/**
 * @typedef {{id: string, game_account_id: string, sku: string, quantity: number, status: string}}
 *     Entitlement
 * @typedef {{fulfilmentId: string, player: string, sku: string, quantity: number, outcome?: string}}
 *     Delivery
 */

/** The REST API. Throws if there is no good answer: repeat the call then. */
async function call(method, path, body) {
  const response = await fetch(`${DROPS_URL}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${DROPS_KEY}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
  });
  if (!response.ok) throw new Error(`${path} was answered ${response.status}`);
  return response.json();
}

/** All undelivered entitlements. @returns {Promise<Entitlement[]>} */
async function undelivered() {
  const found = [];
  let query = "?limit=1000";
  for (;;) {
    const page = await call("GET", `/entitlements${query}`);
    found.push(...page.entitlements);
    if (page.next_cursor === null) return found;
    query = `?limit=1000&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
}

/** Ask the platforms for a player's claims now: for a “my drop is missing” button. */
export async function sync(player) {
  const synced = await call("POST", "/players/sync", { game_account_id: player });
  return deliver(synced.entitlements);
}

/**
 * Your game's database. Here it's a JSON file that is replaced as a whole, so that each change is
 * a transaction. Use the database that has your players' items.
 */
const game = existsSync(DATABASE)
  ? JSON.parse(readFileSync(DATABASE, "utf8"))
  : { /** @type {Record<string, Delivery>} */ deliveries: {}, inventory: {} };

function commit() {
  writeFileSync(`${DATABASE}.draft`, JSON.stringify(game), { flush: true });
  renameSync(`${DATABASE}.draft`, DATABASE);
}

/** Deliver these entitlements, and any whose answer was lost. Safe to repeat. */
async function deliver(/** @type {Entitlement[]} */ entitlements) {
  const fresh = entitlements.filter((one) => one.status === "GRANTED" && !game.deliveries[one.id]);
  for (let start = 0; start < fresh.length; start += MOST_IDS_PER_CALL) {
    const fulfilmentId = randomUUID();
    for (const one of fresh.slice(start, start + MOST_IDS_PER_CALL)) {
      const { id, game_account_id: player, sku, quantity } = one;
      game.deliveries[id] = { fulfilmentId, player, sku, quantity };
    }
  }
  commit();
  const calls = new Map();
  for (const [id, one] of Object.entries(game.deliveries)) {
    if (one.outcome) continue;
    calls.set(one.fulfilmentId, [...(calls.get(one.fulfilmentId) ?? []), id]);
  }
  for (const [fulfilmentId, ids] of calls) {
    const body = { fulfilment_id: fulfilmentId, entitlement_ids: ids };
    const { outcomes } = await call("POST", "/entitlements/fulfil", body);
    for (const { id, outcome } of outcomes) finish(id, outcome);
    commit();
  }
}

function finish(id, outcome) {
  const delivery = game.deliveries[id];
  delivery.outcome = outcome;
  if (outcome !== "fulfilled") return;
  const items = (game.inventory[delivery.player] ??= {});
  items[delivery.sku] = (items[delivery.sku] ?? 0) + delivery.quantity;
  console.log(`delivered ${delivery.quantity} ${delivery.sku} to ${delivery.player}`);
}

/** Check a message as https://www.standardwebhooks.com says. Returns undefined if it's forged. */
function verify(headers, body) {
  const sentAt = headers["webhook-timestamp"] ?? "";
  if (!/^\d+$/.test(sentAt) || Math.abs(Date.now() / 1000 - Number(sentAt)) > TOLERANCE_SECONDS) {
    return undefined;
  }
  const key = Buffer.from(DROPS_SECRET.replace(/^whsec_/, ""), "base64");
  const hmac = createHmac("sha256", key).update(`${headers["webhook-id"]}.${sentAt}.`).update(body);
  const expected = Buffer.from(`v1,${hmac.digest("base64")}`);
  // While a secret is being replaced, a message has two signatures.
  const signatures = (headers["webhook-signature"] ?? "").split(" ").map((one) => Buffer.from(one));
  const isGood = (one) => one.length === expected.length && timingSafeEqual(one, expected);
  return signatures.some(isGood) ? JSON.parse(body.toString()) : undefined;
}

// One delivery at a time: each begins when the one before has ended.
let last = Promise.resolve();
function enqueue(/** @type {() => Promise<Entitlement[]>} */ load) {
  last = last
    .then(async () => deliver(await load()))
    .catch((error) => console.error("not delivered yet:", error.message));
}

/** Answer at once, and work afterwards: the sender waits for 15 seconds. */
const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const message = verify(request.headers, Buffer.concat(chunks));
  if (!message) {
    response.writeHead(400).end("The signature or the time is wrong.");
    return;
  }
  response.writeHead(204).end();
  if (message.type === "entitlements.granted") enqueue(async () => message.data.entitlements);
  else console.log(message.type, JSON.stringify(message.data));
});

server.listen(Number(PORT), () => console.log(`listening on ${server.address().port}`));
enqueue(undelivered);
setInterval(() => enqueue(undelivered), 30_000);
