// Makes every call of the official Node.js wrapper against a running gateway, once.
//
// Prints a line for each: call, outcome (`works`, `not built`, `fails`), what was seen; separated by
// tabs. `cargo xtask clients` makes a table of them.
'use strict';

const path = require('node:path');
const wrapperFolder = path.join(__dirname, '../node/node_modules/@multisafepay/api-wrapper');
const MultiSafepay = require(wrapperFolder).default;

const { FLORIN_BASE_URL, FLORIN_TEST_API_KEY } = process.env;
if (!FLORIN_BASE_URL || !FLORIN_TEST_API_KEY) {
  throw new Error('FLORIN_BASE_URL and FLORIN_TEST_API_KEY must be set: run `cargo xtask clients`');
}

const client = new MultiSafepay(FLORIN_TEST_API_KEY, { environment: 'test' });
for (const part of [client.orders, client.refunds, client.gateways, client.issuers]) {
  part.client.defaults.baseURL = `${FLORIN_BASE_URL.replace(/\/+$/, '')}/v1/json`;
}

let ids = 0;

function order(more = {}) {
  ids += 1;
  return {
    type: 'direct',
    order_id: `node-compat-${Date.now()}-${process.pid}-${ids}`,
    gateway: 'VISA',
    currency: 'EUR',
    amount: '1000',
    description: 'Test Order Description',
    payment_options: { notification_url: '', redirect_url: 'https://shop.example/x', cancel_url: 'https://shop.example/y' },
    customer: { locale: 'en_US', country: 'NL', email: 'ada@shop.example' },
    gateway_info: { card_number: '4111111111111111', card_holder_name: 'Ada', card_expiry_date: 3012, card_cvc: 123 },
    ...more,
  };
}

async function paid() {
  return (await client.orders.create(order())).data.order_id;
}

// Each gives the answer and what has to be in its data.
const calls = {
  create: async () => [await client.orders.create(order()), (it) => it.payment_url],
  'create-redirect': async () => [
    await client.orders.create(order({ type: 'redirect', gateway_info: undefined })),
    (it) => it.order_id && it.payment_url,
  ],
  get: async () => [await client.orders.get(await paid()), (it) => it.order_id && it.payment_details.type],
  ship: async () => [await client.orders.update(await paid(), { status: 'shipped' }), () => true],
  refund: async () => [
    await client.refunds.create(await paid(), { currency: 'EUR', amount: 100, description: 'it broke' }),
    (it) => it.refund_id && it.transaction_id,
  ],
  gateways: async () => [await client.gateways.get(), (it) => it[0].id && it[0].description],
  gateway: async () => [await client.gateways.get('VISA'), (it) => it.id === 'VISA'],
  issuers: async () => [await client.issuers.get(), (it) => Array.isArray(it)],
};

// The wrapper leaves of a refusal its code and its text. This is how the gateway says that it has
// no such call, or does not offer that kind of order.
function isNotBuilt({ error_code: code, error_info: info }) {
  return (code === 1000 && ['Not found', 'Method not allowed'].includes(info)) || code === 1023;
}

async function outcome(call) {
  try {
    const [answer, holds] = await call();
    if (answer.success === true) return holds(answer.data) ? ['works', ''] : ['fails', 'a member is missing'];
    const told = `${answer.error_code} ${answer.error_info}`;
    return [isNotBuilt(answer) ? 'not built' : 'fails', told];
  } catch (error) {
    return ['fails', String(error)];
  }
}

(async () => {
  for (const [name, call] of Object.entries(calls)) {
    const [result, seen] = await outcome(call);
    console.log([name, result, seen.replace(/\s+/g, ' ')].join('\t'));
  }
})();
