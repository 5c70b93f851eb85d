// What a shop asks about its site, by the official Node.js wrapper.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const MultiSafepay = require('@multisafepay/api-wrapper').default;

const baseUrl = required('FLORIN_BASE_URL').replace(/\/+$/, '');
const apiKey = required('FLORIN_TEST_API_KEY');

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} must be set: start a gateway first, or run \`cargo xtask test\``);
  return value;
}

const client = new MultiSafepay(apiKey, { environment: 'test' });
for (const part of [client.gateways, client.issuers]) part.client.defaults.baseURL = `${baseUrl}/v1/json`;

test('a card of the site is found by its id', async () => {
  const found = await client.gateways.get('visa');
  assert.deepEqual(found, { success: true, data: { id: 'VISA', description: 'Visa' } });
});

test('the banks of iDEAL are listed on a test site', async () => {
  const issuers = await client.issuers.get();
  assert.equal(issuers.success, true);
  assert.equal(issuers.data.length, 2);
  for (const issuer of issuers.data) assert.ok(issuer.code && issuer.description);
});
