<?php declare(strict_types=1);

namespace Florin\Client;

use InvalidArgumentException;
use Psr\Http\Client\ClientInterface;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;

/**
 * A PSR-18 client that sends calls of the API to a gateway of your own.
 *
 * The PHP SDK has the addresses of its hosts built in, and takes any PSR-18 client. This one goes
 * around the client that you have: requests to those hosts get another scheme, host, port and base
 * path, and everything else of them stays; requests to other hosts are left alone.
 */
final class FlorinHttpClient implements ClientInterface
{
    /** The hosts whose requests are taken over. */
    private const HOSTS = ['api.multisafepay.com', 'testapi.multisafepay.com'];

    private ClientInterface $inner;
    private string $scheme;
    private string $host;
    private ?int $port;
    private string $basePath;

    /**
     * @param ClientInterface $inner The client that really sends.
     * @param string $baseUrl Where the gateway is, such as http://127.0.0.1:8080; a path before
     *     /v1/json/ is kept.
     */
    public function __construct(ClientInterface $inner, string $baseUrl)
    {
        $parts = parse_url($baseUrl);
        $scheme = strtolower($parts['scheme'] ?? '');
        if (!in_array($scheme, ['http', 'https'], true) || ($parts['host'] ?? '') === '') {
            throw new InvalidArgumentException('The base URL begins with http:// or https:// and a host');
        }
        if (isset($parts['user']) || isset($parts['query']) || isset($parts['fragment'])) {
            throw new InvalidArgumentException('The base URL has no user, query or fragment');
        }
        $this->inner = $inner;
        $this->scheme = $scheme;
        $this->host = $parts['host'];
        $this->port = $parts['port'] ?? null;
        $this->basePath = rtrim($parts['path'] ?? '', '/');
    }

    public function sendRequest(RequestInterface $request): ResponseInterface
    {
        return $this->inner->sendRequest($this->rewritten($request));
    }

    private function rewritten(RequestInterface $request): RequestInterface
    {
        $uri = $request->getUri();
        if (!in_array(strtolower($uri->getHost()), self::HOSTS, true)) {
            return $request;
        }
        $uri = $uri
            ->withScheme($this->scheme)
            ->withHost($this->host)
            ->withPort($this->port)
            ->withPath($this->basePath . $uri->getPath());
        // The header Host goes with it: preserving it is for proxies.
        return $request->withUri($uri);
    }
}
