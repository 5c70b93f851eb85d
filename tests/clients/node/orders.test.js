// Card orders, created and read with the official Node.js wrapper.
//
// The wrapper does not look at `success`: a refusal comes back as an object with `error_code` and
// `error_info` when the answer had both, and as the bare HTTP error when it had not. It sends the
// key in the header `api_key`, and a content type that ends in a semicolon.
// What happens after the payment is in after_payment.test.js.
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

function wrapper(key) {
  const client = new MultiSafepay(key, { environment: 'test' });
  client.orders.client.defaults.baseURL = `${baseUrl}/v1/json`;
  return client;
}

let ids = 0;
// The wrapper's users send ids as JSON numbers; the text of the number is the id.
function newNumber() {
  ids += 1;
  return Number(`${Math.floor(Date.now() / 1000)}.${process.pid % 10000}${ids}1`);
}

function order(more = {}, card = '4111111111111111') {
  return {
    type: 'direct',
    order_id: `node-${newNumber()}`,
    gateway: 'VISA',
    currency: 'EUR',
    amount: '1000',
    description: 'Test Order Description',
    payment_options: {
      notification_url: '',
      redirect_url: 'http://127.0.0.1/client/notification?type=redirect',
      cancel_url: 'http://127.0.0.1/client/notification?type=cancel',
      close_window: '',
    },
    customer: { locale: 'en_US', country: 'NL', email: 'ada@shop.example' },
    gateway_info: {
      card_number: card,
      card_holder_name: 'Ada de Vries',
      card_expiry_date: 3012,
      card_cvc: 123,
    },
    second_chance: { send_email: true },
    ...more,
  };
}

const client = wrapper(apiKey);

test('a visa order is completed in the create answer', async () => {
  const request = order();
  const created = await client.orders.create(request);
  assert.equal(created.success, true, JSON.stringify(created));
  assert.equal(created.data.order_id, request.order_id);
  assert.equal(created.data.status, 'completed');
  assert.equal(created.data.financial_status, 'completed');
  assert.equal(created.data.amount, 1000);
  assert.equal(created.data.payment_details.type, 'VISA');
  assert.equal(created.data.payment_details.last4, '1111');
  assert.ok(Number.isSafeInteger(created.data.transaction_id));
  const url = new URL(created.data.payment_url);
  assert.equal(url.searchParams.get('transactionid'), request.order_id);
  assert.equal(url.searchParams.get('type'), 'redirect');
});

test('an order that is read is the one that was created', async () => {
  const created = await client.orders.create(order());
  const read = await client.orders.get(created.data.order_id);
  assert.equal(read.success, true, JSON.stringify(read));
  const { payment_url, cancel_url, session_id, ...rest } = created.data;
  assert.ok(payment_url && cancel_url);
  for (const member of Object.keys(read.data)) {
    if (member === 'modified') continue; // The capture that follows the answer may move it.
    assert.deepEqual(read.data[member], rest[member], member);
  }
});

test('an order id that is a number with a fraction is its text', async () => {
  const id = newNumber();
  const created = await client.orders.create(order({ order_id: id }));
  assert.equal(created.success, true, JSON.stringify(created));
  assert.equal(created.data.order_id, String(id));
  const read = await client.orders.get(String(id));
  assert.equal(read.data.order_id, String(id));
});

test('a challenged card is answered with a form and a payment url', async () => {
  const request = order({ gateway: 'MASTERCARD' }, '5555555555554444');
  const created = await client.orders.create(request);
  assert.equal(created.success, true, JSON.stringify(created));
  assert.equal(created.data.status, 'initialized');
  assert.equal(created.data.customer_verification.type, 'form');
  assert.match(created.data.customer_verification.html, /<form/);
  assert.ok(created.data.payment_url.startsWith(baseUrl));
});

test('a refused card is not an HTTP error', async () => {
  const refused = await client.orders.create(order({}, '4242424242424242'));
  assert.equal(refused.success, false);
  assert.equal(refused.error_code, 1024);
  assert.equal(refused.error_info, 'declined');
  assert.deepEqual(refused.data, {});
});

test('a gateway that contradicts the number is refused', async () => {
  const refused = await client.orders.create(order({ gateway: 'VISA' }, '5555555555554444'));
  assert.equal(refused.success, false);
  assert.equal(refused.error_code, 1024);
});

// A refusal that was an HTTP error: the wrapper leaves exactly these two members of the envelope.
function refusal(code, info) {
  return { error_code: code, error_info: info };
}

test('an order id that was paid cannot be used again', async () => {
  const request = order();
  await client.orders.create(request);
  assert.deepEqual(await client.orders.create(request), refusal(1006, 'Invalid transaction ID'));
});

test('an order that nobody made is not found', async () => {
  const answer = await client.orders.get('nobody-made-this');
  assert.deepEqual(answer, refusal(1006, 'Invalid transaction ID'));
});

test('a gateway that does not exist is refused', async () => {
  const answer = await client.orders.create(order({ gateway: 'UNKNOWN' }));
  assert.equal(answer.error_code, 1023, JSON.stringify(answer));
});

test('an amount that is no number is refused', async () => {
  for (const amount of ['ten', '10.5', -1, '']) {
    const answer = await client.orders.create(order({ amount }));
    assert.equal(answer.error_code, 1001, `${JSON.stringify(amount)}: ${JSON.stringify(answer)}`);
  }
});

test('a wrong key is refused', async () => {
  const answer = await wrapper('not-the-key-of-any-site').orders.create(order());
  assert.deepEqual(answer, refusal(1032, 'Invalid API key'));
});
