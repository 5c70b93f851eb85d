# frozen_string_literal: true

# Where the calls of Florin::Client go. Needs nothing but Ruby; the gem's client is a stand-in.
# Prints TAP.

require "socket"
require_relative "stand_in"
require_relative "../florin_client"

$number = 0
$failed = 0

def check(rule, holds)
  $number += 1
  $failed += 1 unless holds
  puts "#{holds ? 'ok' : 'not ok'} #{$number} - #{rule}"
end

def address(base_url)
  Florin::Client.new(api_key: "key", base_url: base_url).send(:base_url)
end

def refuses(error)
  yield
  false
rescue error
  true
end

# The request, head and body, that arrives where `base_url` says when the block has the client call.
def arriving
  server = TCPServer.new("127.0.0.1", 0)
  seen = Thread.new do
    socket = server.accept
    head = socket.gets("\r\n\r\n")
    body = socket.read(head[/^content-length: (\d+)/i, 1].to_i)
    answer = '{"success":true,"data":{}}'
    socket.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n" \
                 "Content-Length: #{answer.bytesize}\r\n\r\n#{answer}")
    socket.close
    [head, body]
  end
  yield "http://127.0.0.1:#{server.addr[1]}"
  seen.value
ensure
  server&.close
end

{
  "http://127.0.0.1:8080" => "http://127.0.0.1:8080/v1/json",
  "http://127.0.0.1:8080/" => "http://127.0.0.1:8080/v1/json",
  "https://pay.example" => "https://pay.example/v1/json",
  "https://pay.example/florin/" => "https://pay.example/florin/v1/json",
  "https://pay.example/florin/v1/json" => "https://pay.example/florin/v1/json",
  "http://127.0.0.1:8080/v1/json/" => "http://127.0.0.1:8080/v1/json",
  "http://[::1]:8080" => "http://[::1]:8080/v1/json"
}.each { |given, wanted| check("#{given} leads to #{wanted}", address(given) == wanted) }

["", nil, "127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://a b.example", "http://a@b.example",
 "http://a.example/?b=c", "http://a.example/#b"].each do |bad|
  check("#{bad.inspect} is no base URL", refuses(ArgumentError) { address(bad) })
end

%i[live test].each do |env|
  client = Florin::Client.new(api_key: "key", env: env, base_url: "http://127.0.0.1:8080")
  check("env #{env} leads to the gateway as well", client.send(:base_url).start_with?("http://127.0.0.1:8080/"))
  check("env #{env} is handed on", client.env == env && client.api_key == "key")
end
check("what the gem's client does not take is refused", refuses(ArgumentError) do
  Florin::Client.new(api_key: "key", base_url: "http://127.0.0.1:8080", no_such: 1)
end)

ENV["FLORIN_BASE_URL"] = "http://127.0.0.1:8081"
check("the variable is taken", Florin::Client.new(api_key: "key").send(:base_url) == "http://127.0.0.1:8081/v1/json")
check("the argument goes before the variable", address("http://127.0.0.1:8080").include?(":8080/"))
ENV.delete("FLORIN_BASE_URL")
check("one of them is needed", refuses(ArgumentError) { Florin::Client.new(api_key: "key") })

head, body = arriving do |base_url|
  Florin::Client.new(api_key: "key", base_url: base_url).request(:post, "orders", { a: 1 })
end
check("a call arrives where it is led", head.start_with?("POST /v1/json/orders HTTP/1.1\r\n"))
check("the key goes with it", head.match?(/^api_key: key\r$/i))
check("the body stays", body == '{"a":1}')

# Another version of the gem, in which the address comes from somewhere else.
Florin.send(:remove_const, :Client)
Multisafepay::Client.send(:remove_method, :base_url)
check("a gem without that method is refused", refuses(LoadError) { load File.join(__dir__, "../florin_client.rb") })
check("and no client is left that would call elsewhere", !Florin.const_defined?(:Client, false))

puts "1..#{$number}", "# pass #{$number - $failed}", "# fail #{$failed}", "# cancelled 0"
exit($failed.zero? ? 0 : 1)
