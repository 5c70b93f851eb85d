// What shops do with a paid order, by the official Node.js wrapper: refunds and shipments.
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
for (const part of [client.orders, client.refunds]) part.client.defaults.baseURL = `${baseUrl}/v1/json`;

let ids = 0;

async function paid() {
  ids += 1;
  const id = `node-after-${Date.now()}-${process.pid}-${ids}`;
  const created = await client.orders.create({
    type: 'direct',
    order_id: id,
    gateway: 'VISA',
    currency: 'EUR',
    amount: '1000',
    description: 'Test Order Description',
    payment_options: { notification_url: '', redirect_url: 'http://127.0.0.1/x', cancel_url: 'http://127.0.0.1/y' },
    customer: { locale: 'en_US', country: 'NL', email: 'ada@shop.example' },
    gateway_info: { card_number: '4111111111111111', card_holder_name: 'Ada', card_expiry_date: 3012, card_cvc: 123 },
  });
  assert.equal(created.data.status, 'completed', JSON.stringify(created));
  return created.data;
}

test('a refund names the payment and itself', async () => {
  const order = await paid();
  const refund = await client.refunds.create(order.order_id, {
    currency: 'EUR',
    amount: '250',
    description: 'it broke',
  });
  assert.equal(refund.success, true, JSON.stringify(refund));
  assert.equal(refund.data.transaction_id, order.transaction_id);
  assert.ok(Number.isSafeInteger(refund.data.refund_id));
  const read = await client.orders.get(order.order_id);
  assert.equal(read.data.related_transactions[0].transaction_id, refund.data.refund_id);
});

test('a refund of an order that nobody made is refused', async () => {
  const refused = await client.refunds.create('nobody-made-this', { currency: 'EUR', amount: 1 });
  assert.deepEqual(refused, { error_code: 1006, error_info: 'Invalid transaction ID' });
});

test('a paid order is shipped', async () => {
  const order = await paid();
  const shipped = await client.orders.update(order.order_id, { status: 'shipped', carrier: 'PostNL' });
  assert.equal(shipped.success, true, JSON.stringify(shipped));
  const read = await client.orders.get(order.order_id);
  assert.equal(read.data.status, 'shipped');
});
