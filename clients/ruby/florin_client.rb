# frozen_string_literal: true

# The client of the gem multisafepay-ruby-wrapper, pointed at a gateway of your own. The gem has the
# addresses of the API in a private method; everything else of the client stays as it is.

require "uri"
require "multisafepay-ruby-wrapper" unless defined?(Multisafepay)

# Without the method that is replaced below, the key would go to the host that the gem has built in.
unless Multisafepay::Client.private_method_defined?(:base_url)
  raise LoadError, "Multisafepay::Client has no private method base_url: " \
                   "Florin::Client does not know this version of the gem"
end

module Florin
  # `Florin::Client.new(api_key: "KEY", base_url: "http://127.0.0.1:8080")`
  class Client < Multisafepay::Client
    # @param base_url [String] where the gateway is; a path before /v1/json is kept
    # @param options what the gem's own client takes; `env` has no meaning here
    # @raise [ArgumentError] when it is no address
    def initialize(base_url: ENV["FLORIN_BASE_URL"], **options)
      @florin_url = api_address(base_url)
      super(**options)
    end

    private

    def base_url
      @florin_url
    end

    def api_address(text)
      uri = URI.parse(text.to_s)
      unless uri.is_a?(URI::HTTP) && !uri.host.to_s.empty?
        raise ArgumentError, "base_url, or FLORIN_BASE_URL, begins with http:// or https:// and a host"
      end
      raise ArgumentError, "base_url has no user, query or fragment" if uri.userinfo || uri.query || uri.fragment

      uri.path = "#{uri.path.sub(%r{(/v1/json)?/*\z}, '')}/v1/json"
      uri.to_s
    rescue URI::InvalidURIError
      raise ArgumentError, "base_url is no address"
    end
  end
end
