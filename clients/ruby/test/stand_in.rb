# frozen_string_literal: true

# A stand-in for the gem multisafepay-ruby-wrapper, which Debian does not have. It is written for
# these tests from what the gem does and has none of its code: the parts that Florin::Client builds
# on, and requests as the gem sends them through Faraday 1 and Net::HTTP.

require "json"
require "net/http"
require "uri"

module Multisafepay
  class Client
    USER_AGENT = "Faraday v1.7.1"
    TIMEOUT_S = 30

    # What is left of an answer when the gem's middleware has read it.
    Answer = Struct.new(:status, :body)

    attr_reader :api_key, :env, :adapter

    def initialize(api_key: nil, env: :live, adapter: nil)
      @api_key = api_key
      @env = env
      @adapter = adapter
    end

    # `path` is relative and goes behind the base address. A body is sent as JSON.
    def request(method, path, body = nil)
      uri = URI("#{base_url}/#{path}")
      request = Net::HTTP.const_get(method.capitalize).new(uri)
      request["User-Agent"] = USER_AGENT
      request["api_key"] = api_key
      if body
        request["Content-Type"] = "application/json"
        request.body = JSON.generate(body)
      end
      connection = Net::HTTP.new(uri.host, uri.port)
      connection.open_timeout = connection.read_timeout = TIMEOUT_S
      read(connection.request(request))
    end

    private

    def base_url
      # Names that nobody has: a test in which the client is led nowhere calls no one.
      env == :test ? "https://testapi.invalid/v1/json" : "https://api.invalid/v1/json"
    end

    # The gem reads JSON only where the answer's type is exactly that; otherwise a text stays a text.
    def read(answer)
      body = answer.content_type == "application/json" ? JSON.parse(answer.body) : answer.body
      Answer.new(answer.code.to_i, body)
    end
  end
end
