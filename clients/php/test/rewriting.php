<?php declare(strict_types=1);

// What the PSR-18 client does to a request. Run with Debian's packages of PSR-7 and PSR-18, which
// are on the include path, or with those of composer. Prints TAP.

foreach ([__DIR__ . '/../vendor/autoload.php', 'Nyholm/Psr7/autoload.php'] as $autoload) {
    if (stream_resolve_include_path($autoload) !== false) {
        require_once $autoload;
    }
}
if (!interface_exists(Psr\Http\Client\ClientInterface::class)) {
    require_once 'Psr/Http/Client/autoload.php';
}
require_once __DIR__ . '/../src/FlorinHttpClient.php';

use Florin\Client\FlorinHttpClient;
use Nyholm\Psr7\Request;
use Nyholm\Psr7\Response;
use Psr\Http\Client\ClientInterface;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;

/** Remembers what it was to send. */
final class Remembering implements ClientInterface
{
    public ?RequestInterface $sent = null;

    public function sendRequest(RequestInterface $request): ResponseInterface
    {
        $this->sent = $request;
        return new Response(200, [], '{"success":true,"data":{}}');
    }
}

$number = 0;
$failed = 0;

function check(string $rule, bool $holds): void
{
    global $number, $failed;
    $number++;
    $failed += $holds ? 0 : 1;
    echo $holds ? 'ok' : 'not ok', " $number - $rule\n";
}

function sent(string $baseUrl, string $url, string $method = 'GET', string $body = ''): RequestInterface
{
    $inner = new Remembering();
    $request = new Request($method, $url, ['api_key' => 'k'], $body);
    $answer = (new FlorinHttpClient($inner, $baseUrl))->sendRequest($request);
    assert($answer->getStatusCode() === 200);
    return $inner->sent;
}

$path = '/v1/json/orders/a%2Fb?locale=en_US';
foreach (['https://testapi.multisafepay.com', 'https://api.multisafepay.com', 'https://API.multisafepay.com'] as $host) {
    $request = sent('http://127.0.0.1:8080', $host . $path);
    check("$host becomes the gateway", (string) $request->getUri() === "http://127.0.0.1:8080$path");
    check("$host: the header names the gateway", $request->getHeaderLine('Host') === '127.0.0.1:8080');
}
$request = sent('https://pay.example/florin/', 'https://testapi.multisafepay.com/v1/json/orders', 'POST', '{"a":1}');
check('a base path is kept', (string) $request->getUri() === 'https://pay.example/florin/v1/json/orders');
check('method, headers and body stay', $request->getMethod() === 'POST'
    && $request->getHeaderLine('api_key') === 'k' && (string) $request->getBody() === '{"a":1}');
check('the usual port is not repeated', $request->getUri()->getPort() === null);
$other = 'https://testapi.multisafepay.com.evil.example/v1/json/orders';
check('other hosts are left alone', (string) sent('http://127.0.0.1:8080', $other)->getUri() === $other);
foreach (['', '127.0.0.1:8080', 'ftp://127.0.0.1', 'http://', 'http://a@b.example', 'http://a.example/?b=c'] as $bad) {
    try {
        new FlorinHttpClient(new Remembering(), $bad);
        check("'$bad' is no base URL", false);
    } catch (InvalidArgumentException $refusal) {
        check("'$bad' is no base URL", true);
    }
}
echo "1..$number\n# pass ", $number - $failed, "\n# fail $failed\n# cancelled 0\n";
exit($failed === 0 ? 0 : 1);
