<?php declare(strict_types=1);

// The must-use plugin in a WordPress that is made of its filter functions and a call that is only
// remembered. Prints TAP.

define('ABSPATH', __DIR__);

/** @var array<string, list<array{callable, int}>> */
$filters = [];
$called = [];
$number = 0;
$failed = 0;

function add_filter(string $name, callable $filter, int $priority = 10, int $arguments = 1): void
{
    global $filters;
    $filters[$name][] = [$filter, $arguments];
}

function apply_filters(string $name, ...$values)
{
    global $filters;
    foreach ($filters[$name] ?? [] as [$filter, $arguments]) {
        $values[0] = $filter(...array_slice($values, 0, $arguments));
    }
    return $values[0];
}

/** As WordPress does it: a filter may answer in place of the network. */
function wp_remote_request($url, array $arguments)
{
    global $called;
    $answer = apply_filters('pre_http_request', false, $arguments, $url);
    if ($answer !== false) {
        return $answer;
    }
    $called[] = [$url, $arguments];
    return ['response' => ['code' => 200], 'body' => $url];
}

function check(string $rule, bool $holds): void
{
    global $number, $failed;
    $number++;
    $failed += $holds ? 0 : 1;
    echo $holds ? 'ok' : 'not ok', " $number - $rule\n";
}

/** As the plugin for WooCommerce hands an address over. */
final class Uri
{
    private string $text;

    public function __construct(string $text)
    {
        $this->text = $text;
    }

    public function __toString(): string
    {
        return $this->text;
    }
}

/** The addresses that the network saw for a call. */
function seen($url, array $arguments = []): array
{
    global $called;
    $called = [];
    wp_remote_request($url, $arguments);
    return array_column($called, 0);
}

require __DIR__ . '/../florin-gateway.php';

$order = 'https://testapi.multisafepay.com/v1/json/orders/a%2Fb?locale=en_US';
foreach (['', 'not an address', 'ftp://127.0.0.1', '/florin'] as $bad) {
    putenv("FLORIN_BASE_URL=$bad");
    check("with '$bad' nothing is changed", seen($order) === [$order]);
}
putenv('FLORIN_BASE_URL=http://127.0.0.1:9091/florin/');
$arguments = ['method' => 'POST', 'headers' => ['api_key' => 'k'], 'body' => '{"a":1}'];
$urls = seen($order, $arguments);
check('a call goes to the gateway, once', $urls === ['http://127.0.0.1:9091/florin/v1/json/orders/a%2Fb?locale=en_US']);
check('method, headers and body stay', $called[0][1] === $arguments);
$named = ['method' => 'POST', 'headers' => ['Host' => 'testapi.multisafepay.com', 'api_key' => 'k'], 'body' => ''];
check('an address as an object goes there as well', seen(new Uri($order), $named) === $urls);
check('the old host is not named any more', $called[0][1]['headers'] === ['api_key' => 'k']);
check('live calls as well', seen('https://api.multisafepay.com/v1/json/me') === ['http://127.0.0.1:9091/florin/v1/json/me']);
foreach (['https://example.org/', 'https://api.multisafepay.com.evil.example/', 'http://127.0.0.1:9091/x'] as $other) {
    check("$other is left alone", seen($other) === [$other]);
}
$kept = ['response' => ['code' => 200], 'body' => 'of another plugin'];
check('what another filter has answered stays', florin_pre_http_request($kept, [], $order) === $kept);
check('the gateway may be called', apply_filters('http_request_host_is_external', false, '127.0.0.1', '') === true);
check('others are asked about as ever', apply_filters('http_request_host_is_external', false, '10.0.0.1', '') === false);
check('its port is allowed', apply_filters('http_allowed_safe_ports', [80, 443, 8080]) === [80, 443, 8080, 9091]);
echo "1..$number\n# pass ", $number - $failed, "\n# fail $failed\n# cancelled 0\n";
exit($failed === 0 ? 0 : 1);
