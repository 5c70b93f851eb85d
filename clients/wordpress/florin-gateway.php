<?php
/**
 * Plugin Name: Florin gateway
 * Description: Sends the API calls of payment plugins that have MultiSafepay's hosts built in to a Florin gateway.
 * Version: 0.1.0
 * License: Apache-2.0
 *
 * A must-use plugin: put this one file into wp-content/mu-plugins/ and say where the gateway is, in
 * wp-config.php with `define( 'FLORIN_BASE_URL', 'http://127.0.0.1:8080' );` or in the environment
 * under the same name. Without that, or with something that is no address, nothing is changed.
 *
 * Only server-to-server calls have to be led elsewhere. The payer is sent to the payment_url of the
 * gateway's answer, which is the gateway's own.
 */

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

/** The address of the gateway without a slash at its end; nothing when there is no usable one. */
function florin_base_url() {
	$url   = defined( 'FLORIN_BASE_URL' ) ? FLORIN_BASE_URL : getenv( 'FLORIN_BASE_URL' );
	$parts = is_string( $url ) ? parse_url( trim( $url ) ) : false;
	if ( ! is_array( $parts ) || empty( $parts['host'] ) || empty( $parts['scheme'] ) ) {
		return null;
	}
	if ( ! in_array( strtolower( $parts['scheme'] ), array( 'http', 'https' ), true ) ) {
		return null;
	}
	return rtrim( trim( $url ), '/' );
}

/** The gateway's address for a call of the API; nothing for every other address. */
function florin_rewritten_url( $url ) {
	$base = florin_base_url();
	// The plugin for WooCommerce hands over an object that becomes the address when it is printed.
	$is_text = is_string( $url ) || ( is_object( $url ) && method_exists( $url, '__toString' ) );
	$parts   = $is_text ? parse_url( (string) $url ) : false;
	if ( null === $base || ! is_array( $parts ) || empty( $parts['host'] ) ) {
		return null;
	}
	$hosts = array( 'api.multisafepay.com', 'testapi.multisafepay.com' );
	if ( ! in_array( strtolower( $parts['host'] ), $hosts, true ) ) {
		return null;
	}
	$query = isset( $parts['query'] ) ? '?' . $parts['query'] : '';
	return $base . ( isset( $parts['path'] ) ? $parts['path'] : '/' ) . $query;
}

/** Makes the call to the gateway in place of the one that was about to be made. */
function florin_pre_http_request( $answer, $arguments, $url ) {
	if ( false !== $answer ) {
		return $answer;
	}
	$rewritten = florin_rewritten_url( $url );
	if ( null === $rewritten ) {
		return $answer;
	}
	// The plugin for WooCommerce names the old host in a header of its own.
	if ( isset( $arguments['headers'] ) && is_array( $arguments['headers'] ) ) {
		foreach ( array_keys( $arguments['headers'] ) as $name ) {
			if ( 'host' === strtolower( (string) $name ) ) {
				unset( $arguments['headers'][ $name ] );
			}
		}
	}
	// The call that this makes comes by here as well, and is left alone: its host is the gateway's.
	return wp_remote_request( $rewritten, $arguments );
}

/** WordPress asks whether a private address may be called; the gateway's may. */
function florin_host_is_external( $external, $host ) {
	$base = florin_base_url();
	return $external || ( null !== $base && parse_url( $base, PHP_URL_HOST ) === $host );
}

/** Ports other than 80, 443 and 8080 have to be allowed one by one. */
function florin_safe_ports( $ports ) {
	$base = florin_base_url();
	$port = null === $base ? null : parse_url( $base, PHP_URL_PORT );
	return null === $port ? $ports : array_values( array_unique( array_merge( (array) $ports, array( $port ) ) ) );
}

add_filter( 'pre_http_request', 'florin_pre_http_request', 10, 3 );
add_filter( 'http_request_host_is_external', 'florin_host_is_external', 10, 2 );
add_filter( 'http_allowed_safe_ports', 'florin_safe_ports' );
