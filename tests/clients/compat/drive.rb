# frozen_string_literal: true

# Makes every call of the gem multisafepay-ruby-wrapper (0.4) against a running gateway, once: method,
# path, headers and body as the gem sends them, through the client of clients/ruby, and held to what
# the gem does with an answer. The gem itself comes from a registry that Debian does not have.
#
# Prints a line for each: call, outcome (`works`, `not built`, `fails`), what was seen; separated by
# tabs. `cargo xtask clients` makes a table of them.

require_relative "../../../clients/ruby/test/stand_in"
require_relative "../../../clients/ruby/florin_client"

API_KEY = ENV["FLORIN_TEST_API_KEY"].to_s
if API_KEY.empty? || ENV["FLORIN_BASE_URL"].to_s.empty?
  abort "FLORIN_BASE_URL and FLORIN_TEST_API_KEY must be set: run `cargo xtask clients`"
end
REFERENCE = "compat-ada"
CLIENT = Florin::Client.new(api_key: API_KEY, env: :test)

# An answer that is no success.
class Refused < StandardError
  attr_reader :code

  def initialize(answer)
    @code = answer.body["error_code"]
    super(answer.body["error_info"].to_s)
    @status = answer.status
  end

  def told
    "#{@status} #{code} #{message}"
  end

  # How the gateway says that it has no such call, or does not offer that kind of order.
  def not_built?
    (code == 1000 && ["Not found", "Method not allowed"].include?(message)) || code == 1023
  end
end

# The data of a success. The gem reads members of every answer, also of those that it raises for.
def call(method, path, body = nil)
  answer = CLIENT.request(method, path, body)
  raise "an answer that the gem leaves as a text" unless answer.body.is_a?(Hash)
  raise Refused, answer unless answer.body["success"] == true

  # Above 299 the gem would raise, or hand on a success that is none.
  raise "a success with the status #{answer.status}" unless answer.status == 200

  answer.body["data"]
end

$ids = 0

def order(**more)
  $ids += 1
  {
    type: "direct", order_id: "ruby-compat-#{Process.pid}-#{Time.now.to_i}-#{$ids}", gateway: "VISA",
    currency: "EUR", amount: 1000, description: "Zwei Stühle",
    payment_options: { notification_url: "https://shop.example/n", redirect_url: "https://shop.example/x",
                       cancel_url: "https://shop.example/y", close_window: false },
    customer: { first_name: "Ada", last_name: "de Vries", country: "NL", email: "ada@shop.example" },
    gateway_info: { card_number: "4111111111111111", card_holder_name: "Ada de Vries",
                    card_expiry_date: "3012", card_cvc: "123" }
  }.merge(more)
end

def made(**more)
  call(:post, "orders", order(**more))["order_id"]
end

def offered
  made(type: "redirect", gateway_info: nil)
end

def stored_token
  stored = order(recurring_model: "cardOnFile")
  stored[:customer][:reference] = REFERENCE
  call(:post, "orders", stored).dig("payment_details", "recurring_id")
end

# Each makes a call, named as in the gem, and says whether what it needs is in the answer.
CALLS = {
  # orders.create
  "create" => -> { call(:post, "orders", order)["payment_url"] },
  "create-redirect" => lambda do
    it = call(:post, "orders", order(type: "redirect", gateway_info: nil))
    it["order_id"] && it["payment_url"]
  end,
  # orders.retrieve
  "get" => lambda do
    it = call(:get, "orders/#{made}")
    it["description"] == "Zwei Stühle" && it["status"] == "completed" && it["payment_details"]["type"] == "VISA"
  end,
  # orders.update
  "ship" => lambda do
    id = made
    call(:patch, "orders/#{id}", { status: "shipped", tracktrace_code: "3S1" })
    call(:get, "orders/#{id}")["status"] == "shipped"
  end,
  # orders.cancel
  "cancel" => lambda do
    id = offered
    call(:patch, "orders/#{id}", { status: "cancelled", exclude_order: true })
    call(:get, "orders/#{id}")["status"] == "cancelled"
  end,
  # orders.refund
  "refund" => lambda do
    it = call(:post, "orders/#{made}/refunds", { currency: "EUR", amount: 100, description: "it broke" })
    it["refund_id"] && it["transaction_id"]
  end,
  # orders.capture
  "capture" => lambda do
    id = made(capture: "manual")
    body = { amount: 400, new_order_id: "#{id}-a", new_order_status: "completed" }
    it = call(:post, "orders/#{id}/capture", body)
    it["order_id"] && it["transaction_id"]
  end,
  # capture.cancel
  "cancel-capture" => lambda do
    call(:patch, "capture/#{made(capture: 'manual')}", { status: "cancelled", reason: "sold out" })["success"]
  end,
  # gateways.list and gateways.retrieve
  "gateways" => -> { call(:get, "gateways").first["id"] },
  "gateway" => -> { call(:get, "gateways/VISA")["id"] == "VISA" },
  # tokens.create
  "api-token" => -> { call(:get, "auth/api_token")["api_token"] },
  # tokens.retrieve, without a token and with one
  "tokens" => -> { stored_token && call(:get, "recurring/#{REFERENCE}")["tokens"].first["token"] },
  "token" => lambda do
    token = stored_token
    call(:get, "recurring/#{REFERENCE}/token/#{token}")["token"] == token
  end,
  # tokens.update
  "update-token" => lambda do
    call(:patch, "recurring/#{REFERENCE}/update/#{stored_token}", { expiry_date: "3101" })["updated"]
  end,
  # tokens.delete, which asks at another place than the API has
  "delete-token-there" => -> { call(:delete, "recurring/#{REFERENCE}/token/#{stored_token}") },
  # transactions.list
  "transactions" => -> { made && call(:get, "transactions").first["transaction_id"] },
  # accounts.balances, accounts.charges, accounts.payouts
  "account-balances" => -> { call(:get, "accounts/1234567/balances") },
  "account-charges" => -> { call(:post, "accounts/1234567/charges", { amount: 100, currency: "EUR" }) },
  "account-payouts" => -> { call(:post, "accounts/1234567/payouts", { amount: 100, currency: "EUR" }) }
}.freeze

CALLS.each do |name, make|
  outcome, seen =
    begin
      make.call ? ["works", ""] : ["fails", "a member is missing"]
    rescue Refused => refused
      [refused.not_built? ? "not built" : "fails", refused.told]
    rescue StandardError => error
      ["fails", "#{error.class}: #{error.message}"]
    end
  puts [name, outcome, seen.gsub(/\s+/, " ")].join("\t")
end
