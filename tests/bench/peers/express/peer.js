// The webhook as most would write it with Express and pg: one usual transaction per claim. Statements
// have no names, as in pg's own examples, so PostgreSQL plans each of them anew.
"use strict";

const cluster = require("node:cluster");
const crypto = require("node:crypto");
const express = require("express");
const { Pool } = require("pg");

const WORKERS = Number(process.env.WEB_WORKERS);
const publicKey = crypto.createPublicKey(process.env.BENCH_PUBLIC_KEY);

function isSignedByKick(request) {
  const signed = crypto.createVerify("RSA-SHA256");
  signed.update(`${request.get("Kick-Event-Message-ID")}.${request.get("Kick-Event-Timestamp")}.`);
  signed.update(request.body);
  return signed.verify(publicKey, request.get("Kick-Event-Signature"), "base64");
}

// JSON.parse would round a user_id above 2^53.
function parseClaim(body) {
  return JSON.parse(body.toString().replace(/("user_id":\s*)(\d+)/, '$1"$2"'));
}

async function lockAccount(client, key) {
  const select = {
    text: "SELECT player_id FROM accounts_platformaccount WHERE key = $1 FOR UPDATE",
    values: [key],
  };
  const { rows } = await client.query(select);
  if (rows.length) return rows[0];
  await client.query({
    text: `INSERT INTO accounts_platformaccount (key, name, first_seen_at)
           VALUES ($1, '', now()) ON CONFLICT DO NOTHING`,
    values: [key],
  });
  return (await client.query(select)).rows[0];
}

async function findItems(client, claim) {
  const { rows } = await client.query({
    text: `SELECT item.sku, mapping.quantity FROM claims_campaignreward AS pair
           JOIN claims_rewarditem AS mapping ON mapping.reward_id = pair.reward_id
           JOIN claims_item AS item ON item.id = mapping.item_id
           WHERE pair.campaign_id = $1 AND pair.reward_id = $2`,
    values: [claim.campaign_id, claim.reward_id],
  });
  return rows;
}

async function insertClaim(client, claim, messageId, isGranted) {
  const { rowCount } = await client.query({
    text: `INSERT INTO claims_claim (
             claim_id, source, account_id, campaign_id, reward_id, external_id, quantity, status,
             hold_reason, first_hold_reason, granted_at, path, message_id, received_at, recorded_at)
           VALUES ($1, 'kick_drops', $2, $3, $4, $5, 1, $6, $7, $7, $8, 'WEBHOOK', $9, now(), now())
           ON CONFLICT DO NOTHING`,
    values: [
      claim.claim_id,
      `kick:${claim.user_id}`,
      claim.campaign_id,
      claim.reward_id,
      claim.external_id ?? "",
      isGranted ? "GRANTED" : "HELD",
      isGranted ? "" : "NOT_LINKED",
      isGranted ? new Date() : null,
      messageId,
    ],
  });
  return rowCount === 1;
}

async function insertEntitlement(client, claim, playerId, item) {
  await client.query({
    text: `INSERT INTO claims_entitlement (
             claim_id, player_id, sku, quantity, status, granted_at, fulfilment_id,
             revocation_reason)
           VALUES ($1, $2, $3, $4, 'GRANTED', now(), '', '')`,
    values: [claim.claim_id, playerId, item.sku, item.quantity],
  });
}

async function recordClaim(pool, claim, messageId) {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const account = await lockAccount(client, `kick:${claim.user_id}`);
    const items = await findItems(client, claim);
    const isGranted = items.length > 0 && account.player_id !== null;
    if ((await insertClaim(client, claim, messageId, isGranted)) && isGranted) {
      for (const item of items) await insertEntitlement(client, claim, account.player_id, item);
    }
    await client.query("COMMIT");
    return isGranted ? "GRANTED" : "HELD";
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

function serve() {
  const pool = new Pool({
    host: process.env.BENCH_DATABASE_HOST,
    user: "postgres",
    database: "postgres",
    max: Number(process.env.WEB_THREADS),
  });
  const app = express();
  app.use(express.raw({ type: "application/json", limit: "64kb" }));
  app.post("/webhooks/kick/drops", async (request, response) => {
    if (!isSignedByKick(request)) return response.status(401).json({ error: "forged" });
    const claim = parseClaim(request.body);
    const status = await recordClaim(pool, claim, request.get("Kick-Event-Message-ID"));
    return response.json({ claim_id: claim.claim_id, status });
  });
  app.listen(Number(process.env.BENCH_PORT), "127.0.0.1");
}

if (cluster.isPrimary) {
  for (let i = 0; i < WORKERS; i += 1) cluster.fork();
} else {
  serve();
}
