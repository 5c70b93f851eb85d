<?php declare(strict_types=1);

// Makes every call of the PHP SDK against a running gateway, once: byte for byte as its client
// sends them (headers, pretty-printed bodies, `locale` in the query, the vendor's host), through the
// PSR-18 client of clients/php, and held to what the SDK's readers insist on. The SDK itself comes
// from a registry that Debian does not have.
//
// Prints a line for each: call, outcome (`works`, `not built`, `fails`), what was seen; separated by
// tabs. `cargo xtask clients` makes a table of them.

require 'GuzzleHttp/autoload.php';
require 'Nyholm/Psr7/autoload.php';
require __DIR__ . '/../../../clients/php/src/FlorinHttpClient.php';

use Florin\Client\FlorinHttpClient;
use Nyholm\Psr7\Request;

const HOST = 'https://testapi.multisafepay.com/v1/';
const REFERENCE = 'compat-ada';

[$baseUrl, $apiKey] = [getenv('FLORIN_BASE_URL'), getenv('FLORIN_TEST_API_KEY')];
if (!$baseUrl || !$apiKey) {
    fwrite(STDERR, "FLORIN_BASE_URL and FLORIN_TEST_API_KEY must be set: run `cargo xtask clients`\n");
    exit(1);
}
$client = new FlorinHttpClient(new GuzzleHttp\Client(['http_errors' => false, 'timeout' => 30]), $baseUrl);

/** What the SDK makes of an answer: the data of a success, or its exception. */
final class Refused extends Exception
{
    public int $status = 0;
}

function call(string $method, string $endpoint, ?array $body = null, array $query = []): array
{
    global $client, $apiKey;
    $query['locale'] = 'en_US';
    $headers = ['api_key' => $apiKey, 'accept-encoding' => 'application/json'];
    $text = $body === null ? '' : json_encode($body, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES);
    if ($body !== null) {
        $headers += ['Content-Type' => 'application/json', 'Content-Length' => (string) strlen($text)];
    }
    $request = new Request($method, HOST . $endpoint . '?' . http_build_query($query), $headers, $text);
    $answer = $client->sendRequest($request);
    $read = json_decode((string) $answer->getBody(), true, 512, JSON_THROW_ON_ERROR);
    if (in_array($answer->getStatusCode(), [501, 503], true)) {
        throw new Exception('the API is unavailable');
    }
    if (empty($read['success'])) {
        // Strictly typed in the SDK: a text as the code would end the shop's process.
        [$code, $info] = [$read['error_code'] ?? null, $read['error_info'] ?? null];
        if (!is_int($code) || !is_string($info)) {
            throw new Exception('a refusal without code and text');
        }
        $refused = new Refused($info, $code);
        $refused->status = $answer->getStatusCode();
        throw $refused;
    }
    if (!is_array($read['data'] ?? null)) {
        throw new Exception('Invalid data type');
    }
    return $read;
}

$ids = 0;

function order(array $more = []): array
{
    global $ids;
    $ids++;
    return $more + [
        'type' => 'direct',
        'order_id' => 'php-compat-' . getmypid() . '-' . time() . "-$ids",
        'currency' => 'EUR',
        'amount' => 1000,
        'gateway' => 'VISA',
        'gateway_info' => ['card_number' => '4111111111111111', 'card_holder_name' => 'Ada de Vries',
            'card_expiry_date' => '3012', 'cvc' => '123', 'card_cvc' => '123', 'flexible_3d' => false],
        'payment_options' => ['notification_url' => 'https://shop.example/n', 'settings' => [],
            'redirect_url' => 'https://shop.example/x', 'cancel_url' => 'https://shop.example/y'],
        'customer' => ['firstname' => 'Ada', 'lastname' => 'de Vries', 'country' => 'NL',
            'email' => 'ada@shop.example', 'phone' => '0301234567'],
        'delivery' => [],
        'description' => 'Payment for order',
        'plugin' => ['sdk_version' => '5.21.0', 'shop_root_url' => 'https://shop.example'],
    ];
}

function made(array $more = []): string
{
    return call('POST', 'json/orders', order($more))['data']['order_id'];
}

function storedToken(): string
{
    $stored = order(['recurring_model' => 'cardOnFile']);
    $stored['customer']['reference'] = REFERENCE;
    return call('POST', 'json/orders', $stored)['data']['payment_details']['recurring_id'] ?? 'none';
}

/** The SDK's rules for an entry of the list; one bad entry loses the shop all of them. */
function isPaymentMethod(array $it): bool
{
    foreach (['id', 'name', 'type', 'allowed_amount'] as $name) {
        if (empty($it[$name])) {
            return false;
        }
    }
    foreach (['allowed_countries', 'brands', 'preferred_countries', 'required_customer_data'] as $name) {
        if (!is_array($it[$name] ?? null)) {
            return false;
        }
    }
    $fields = $it['apps']['payment_components'] ?? [];
    foreach (['has_fields', 'is_enabled', 'qr'] as $name) {
        if (!isset($fields[$name])) {
            return false;
        }
    }
    return isset($it['tokenization'], $it['shopping_cart_required']) && is_array($it['icon_urls'] ?? null);
}

$id = fn (string $text): string => rawurlencode($text);
// Each gives the answer and what has to hold for it.
$calls = [
    'create' => fn () => [call('POST', 'json/orders', order()), fn ($it) => $it['data']['payment_url'] !== ''],
    'create-redirect' => fn () => [
        call('POST', 'json/orders', ['gateway_info' => []] + order(['type' => 'redirect'])),
        fn ($it) => $it['data']['order_id'] !== '' && $it['data']['payment_url'] !== '',
    ],
    'get' => fn () => [
        call('GET', 'json/orders/' . $id(made())),
        fn ($it) => $it['data']['payment_details']['type'] === 'VISA' && $it['data']['status'] === 'completed',
    ],
    'ship' => fn () => [call('PATCH', 'json/orders/' . $id(made()), ['status' => 'shipped']), fn ($it) => true],
    'refund' => fn () => [
        call('POST', 'json/orders/' . $id(made()) . '/refunds', ['currency' => 'EUR', 'amount' => 100, 'description' => 'x']),
        fn ($it) => $it['data']['refund_id'] > 0 && $it['data']['transaction_id'] > 0,
    ],
    'capture' => fn () => [
        call('POST', 'json/orders/' . $id($order = made(['capture' => 'manual'])) . '/capture',
            ['amount' => 400, 'new_order_id' => "$order-a", 'new_order_status' => 'completed']),
        fn ($it) => $it['data']['order_id'] !== '' && $it['data']['transaction_id'] > 0,
    ],
    'cancel-capture' => fn () => [
        call('PATCH', 'json/capture/' . $id(made(['capture' => 'manual'])), ['status' => 'cancelled', 'reason' => 'sold out']),
        fn ($it) => $it['data']['success'] === true,
    ],
    'gateways' => fn () => [
        call('GET', 'json/gateways', null, ['include' => 'coupons']),
        fn ($it) => $it['data'] !== [] && array_filter($it['data'], fn ($one) => !$one['id'] || !$one['description']) === [],
    ],
    'gateway' => fn () => [call('GET', 'json/gateways/VISA'), fn ($it) => $it['data']['id'] === 'VISA'],
    'payment-methods' => fn () => [
        call('GET', 'json/payment-methods', null, ['group_cards' => 1, 'include_coupons' => 1]),
        fn ($it) => $it['data'] !== [] && count(array_filter($it['data'], 'isPaymentMethod')) === count($it['data']),
    ],
    'payment-method' => fn () => [call('GET', 'json/payment-methods/VISA'), fn ($it) => isPaymentMethod($it['data'])],
    'issuers' => fn () => [call('GET', 'json/issuers/ideal'), fn ($it) => array_is_list($it['data'])],
    'categories' => fn () => [
        call('GET', 'json/categories'),
        fn ($it) => $it['data'] !== [] && array_filter($it['data'], fn ($one) => !$one['code'] || !$one['description']) === [],
    ],
    'me' => fn () => [
        call('GET', 'json/me'),
        fn ($it) => is_int($it['data']['account_id']) && is_int($it['data']['site_id']) && is_string($it['data']['role']),
    ],
    'api-token' => fn () => [call('GET', 'json/auth/api_token'), fn ($it) => $it['data']['api_token'] !== ''],
    'tokens' => fn () => [
        storedToken() ? call('GET', 'json/recurring/' . $id(REFERENCE)) : [],
        fn ($it) => $it['data']['tokens'][0]['token'] !== '',
    ],
    'token' => fn () => [
        call('GET', 'json/recurring/' . $id(REFERENCE) . '/token/' . $id(storedToken())),
        fn ($it) => $it['data']['token'] !== '',
    ],
    'delete-token' => fn () => [
        call('DELETE', 'json/recurring/' . $id(REFERENCE) . '/remove/' . $id(storedToken())),
        fn ($it) => true,
    ],
    'transactions' => fn () => [
        made() ? call('GET', 'json/transactions', null, ['limit' => 10]) : [],
        fn ($it) => $it['data'][0]['transaction_id'] > 0 && array_key_exists('after', $it['pager']['cursor']),
    ],
];

/** How the gateway says that it has no such call, or does not offer that kind of order. */
function isNotBuilt(Refused $refused): bool
{
    $words = in_array($refused->getMessage(), ['Not found', 'Method not allowed'], true);
    return ($refused->getCode() === 1000 && $words) || $refused->getCode() === 1023;
}

set_error_handler(function (int $level, string $text): void {
    throw new ErrorException($text, 0, $level);
});
foreach ($calls as $name => $make) {
    try {
        [$answer, $holds] = $make();
        [$outcome, $seen] = $holds($answer) ? ['works', ''] : ['fails', 'a member is missing'];
    } catch (Refused $refused) {
        $outcome = isNotBuilt($refused) ? 'not built' : 'fails';
        $seen = "$refused->status {$refused->getCode()} {$refused->getMessage()}";
    } catch (Throwable $error) {
        [$outcome, $seen] = ['fails', $error->getMessage()];
    }
    echo implode("\t", [$name, $outcome, preg_replace('/\s+/', ' ', $seen)]), "\n";
}
