<?php declare(strict_types=1);

namespace Florin\Client;

use MultiSafepay\Sdk;
use Psr\Http\Client\ClientInterface;
use Psr\Http\Message\RequestFactoryInterface;
use Psr\Http\Message\StreamFactoryInterface;

/**
 * The SDK as it is, pointed at a gateway: `new FlorinSdk($key, 'http://127.0.0.1:8080', $client)`.
 */
class FlorinSdk extends Sdk
{
    public function __construct(
        string $apiKey,
        string $baseUrl,
        ClientInterface $httpClient,
        ?RequestFactoryInterface $requestFactory = null,
        ?StreamFactoryInterface $streamFactory = null,
        string $locale = 'en_US',
        bool $strictMode = false
    ) {
        parent::__construct(
            $apiKey,
            false,
            new FlorinHttpClient($httpClient, $baseUrl),
            $requestFactory,
            $streamFactory,
            $locale,
            $strictMode
        );
    }
}
