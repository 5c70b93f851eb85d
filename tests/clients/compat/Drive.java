import com.MultiSafepay.client.MultiSafepayClient;
import florin.client.FlorinTarget;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes every call of the Java library against a running gateway, once: method, path, headers and
 * body as the library sends them, led to the gateway by clients/java, and held to what the library
 * does with an answer. The library itself comes as source text only, and needs Gson.
 *
 * <p>Prints a line for each: call, outcome (works, not built, fails), what was seen; separated by
 * tabs. `cargo xtask clients` makes a table of them.
 */
public final class Drive {
    /** Gson writes these so that JSON may stand in a page, and all other ASCII as it is. */
    private static final String ESCAPED = "<>&='";
    private static final String DESCRIPTION = "2 < 3 & 'more' = x";

    private static int ids = 0;

    /** A call, named as in the library; true when what it needs is in the answer. */
    private interface Call {
        boolean make() throws Exception;
    }

    private static final class Refused extends Exception {
        final boolean isNotBuilt;

        /** The gateway says in these ways that it has no such call, or no such kind of order. */
        Refused(int status, Object code, Object info) {
            super(status + " " + code + " " + info);
            boolean isUnknown = List.of("Not found", "Method not allowed").contains(String.valueOf(info));
            String number = String.valueOf(code);
            isNotBuilt = number.equals("1000") && isUnknown || number.equals("1023");
        }
    }

    public static void main(String[] arguments) {
        String baseUrl = System.getenv("FLORIN_BASE_URL");
        String key = System.getenv("FLORIN_TEST_API_KEY");
        if (baseUrl == null || key == null) {
            System.err.println("FLORIN_BASE_URL and FLORIN_TEST_API_KEY must be set: run `cargo xtask clients`");
            System.exit(1);
        }
        FlorinTarget.use(baseUrl);
        MultiSafepayClient.init(true, key);
        for (Map.Entry<String, Call> it : calls().entrySet()) {
            String outcome = "fails";
            String seen = "";
            try {
                outcome = it.getValue().make() ? "works" : "fails";
                seen = outcome.equals("works") ? "" : "a member is missing";
            } catch (Refused refused) {
                outcome = refused.isNotBuilt ? "not built" : "fails";
                seen = refused.getMessage();
            } catch (Exception error) {
                seen = error.toString();
            }
            System.out.println(it.getKey() + "\t" + outcome + "\t" + seen.replaceAll("\\s+", " "));
        }
    }

    private static Map<String, Call> calls() {
        Map<String, Call> calls = new LinkedHashMap<>();
        calls.put("create", () -> text(create(order()), "payment_url") != null);
        calls.put("create-redirect", () -> text(create(redirect()), "payment_url").startsWith("http"));
        calls.put("get", Drive::getOrder);
        calls.put("ship", Drive::setOrderShipping);
        calls.put("invoice", Drive::setOrderInvoice);
        calls.put("refund", Drive::setOrderRefund);
        calls.put("gateways", () -> text(list(call("GET", "gateways", null)).get(0), "id") != null);
        calls.put("gateway", () -> "VISA".equals(text(call("GET", "gateways/VISA", null), "id")));
        calls.put("issuers", () -> list(call("GET", "issuers/ideal", null)) != null);
        calls.put("transaction", Drive::getTransaction);
        calls.put("order-transactions", () -> call("GET", "orders/" + made() + "/transactions", null) != null);
        return calls;
    }

    private static boolean getOrder() throws Exception {
        Object it = call("GET", "orders/" + made(), null);
        return DESCRIPTION.equals(text(it, "description")) && "completed".equals(text(it, "status"))
            && "1000".equals(text(it, "amount"));
    }

    /** The library's call for it names no status. */
    private static boolean setOrderShipping() throws Exception {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("ship_date", "16-12-2014");
        data.put("tracktrace_code", "123456");
        data.put("carrier", "UPS");
        return call("PATCH", "orders/" + made(), data) instanceof Map;
    }

    private static boolean setOrderInvoice() throws Exception {
        Object paid = create(order());
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("invoice_id", "2026-17");
        call("PATCH", "orders/" + text(paid, "order_id"), data);
        Object it = call("GET", "transactions/" + text(paid, "transaction_id"), null);
        return "2026-17".equals(text(it, "invoice_id"));
    }

    private static boolean setOrderRefund() throws Exception {
        Map<String, Object> refund = new LinkedHashMap<>();
        refund.put("currency", "EUR");
        refund.put("amount", 100.0);
        refund.put("description", "Refund order");
        Object it = call("POST", "orders/" + made() + "/refunds", refund);
        return text(it, "refund_id") != null && text(it, "transaction_id") != null;
    }

    private static boolean getTransaction() throws Exception {
        Object paid = create(order());
        String transaction = text(paid, "transaction_id");
        Object it = call("GET", "transactions/" + transaction, null);
        return transaction.equals(text(it, "transaction_id"));
    }

    private static Object create(Map<String, Object> order) throws Exception {
        return call("POST", "orders", order);
    }

    private static String made() throws Exception {
        return text(create(order()), "order_id");
    }

    /**
     * Integers become floating in the library, on their way through a map: 1000 is sent as 1000.0.
     * Of its members the text ones that nobody set are empty, below the top level.
     */
    private static Map<String, Object> order() {
        ids++;
        Map<String, Object> card = empty("issuer_id", "birthday", "gender", "bank_account", "phone", "email",
            "referrer", "user_agent", "account_id", "account_holder_name", "account_holder_city",
            "account_holder_country", "account_holder_iban", "account_holder_bic", "card_number",
            "card_holder_name", "card_expiry_date", "card_cvc", "emandate", "company", "po_number", "coc", "vat",
            "collecting_flow", "action_on_declined", "company_type", "term_url");
        card.put("card_number", "4111111111111111");
        card.put("card_holder_name", "Ada de Vries");
        card.put("card_expiry_date", "3012");
        card.put("card_cvc", "123");
        Map<String, Object> customer = new LinkedHashMap<>();
        customer.put("locale", "en_US");
        customer.put("first_name", "Ada");
        customer.put("last_name", "de Vries");
        customer.put("country", "NL");
        customer.put("email", "ada@shop.example");
        customer.put("disable_send_email", false);
        Map<String, Object> options = empty("notification_url", "notification_method", "cancel_url",
            "redirect_url", "close_window", "template_id");
        options.put("notification_url", "https://shop.example/n?a=1&b=2");
        options.put("cancel_url", "https://shop.example/y");
        options.put("redirect_url", "https://shop.example/x");
        options.put("close_window", false);
        Map<String, Object> order = new LinkedHashMap<>();
        order.put("order_id", "java-compat-" + ProcessHandle.current().pid() + "-" + System.nanoTime() + "-" + ids);
        order.put("type", "direct");
        order.put("currency", "EUR");
        order.put("amount", 1000.0);
        order.put("description", DESCRIPTION);
        order.put("gateway", "VISA");
        order.put("seconds_active", 3600.0);
        order.put("customer", customer);
        order.put("gateway_info", card);
        order.put("payment_options", options);
        return order;
    }

    private static Map<String, Object> redirect() {
        Map<String, Object> order = order();
        order.put("type", "redirect");
        order.remove("gateway_info");
        return order;
    }

    private static Map<String, Object> empty(String... names) {
        Map<String, Object> members = new LinkedHashMap<>();
        for (String name : names) {
            members.put(name, "");
        }
        return members;
    }

    /** The data of a success. Every answer has to be an object, or the library hands on null. */
    private static Object call(String method, String path, Map<String, Object> body) throws Exception {
        String json = body == null ? null : json(body);
        MultiSafepayClient.Answer answer = MultiSafepayClient.send(method, path, json);
        if (!(new Reader(answer.body).whole() instanceof Map<?, ?> read)) {
            throw new IllegalStateException("an answer that is no object");
        }
        if (!Boolean.TRUE.equals(read.get("success"))) {
            throw new Refused(answer.status, read.get("error_code"), read.get("error_info"));
        }
        return read.get("data");
    }

    private static String text(Object of, String name) {
        Object member = ((Map<?, ?>) of).get(name);
        return member == null ? null : member.toString();
    }

    private static List<?> list(Object data) {
        return (List<?>) data;
    }

    private static String json(Object value) {
        if (value instanceof Map<?, ?> members) {
            List<String> parts = new ArrayList<>();
            members.forEach((name, it) -> parts.add(json(name) + ":" + json(it)));
            return "{" + String.join(",", parts) + "}";
        }
        if (!(value instanceof String text)) {
            return String.valueOf(value);
        }
        StringBuilder quoted = new StringBuilder("\"");
        for (char it : text.toCharArray()) {
            if (it < ' ' || ESCAPED.indexOf(it) >= 0) {
                quoted.append(String.format("\\u%04x", (int) it));
            } else {
                quoted.append(it == '"' || it == '\\' ? "\\" : "").append(it);
            }
        }
        return quoted.append('"').toString();
    }

    /** Reads JSON; whatever is none is an exception, as with Gson. */
    private static final class Reader {
        private final String text;
        private int at = 0;

        Reader(String text) {
            this.text = text;
        }

        Object whole() {
            Object value = value();
            space();
            if (at != text.length()) {
                throw bad();
            }
            return value;
        }

        private Object value() {
            space();
            switch (at < text.length() ? text.charAt(at) : ' ') {
                case '{':
                    return object();
                case '[':
                    return array();
                case '"':
                    return string();
                case 't':
                    return word("true", true);
                case 'f':
                    return word("false", false);
                case 'n':
                    return word("null", null);
                default:
                    return number();
            }
        }

        private Map<String, Object> object() {
            Map<String, Object> members = new LinkedHashMap<>();
            at++;
            if (next('}')) {
                return members;
            }
            do {
                space();
                String name = string();
                expect(':');
                members.put(name, value());
            } while (next(','));
            expect('}');
            return members;
        }

        private List<Object> array() {
            List<Object> items = new ArrayList<>();
            at++;
            if (next(']')) {
                return items;
            }
            do {
                items.add(value());
            } while (next(','));
            expect(']');
            return items;
        }

        private String string() {
            StringBuilder read = new StringBuilder();
            expect('"');
            for (char it = take(); it != '"'; it = take()) {
                read.append(it == '\\' ? escaped(take()) : it);
            }
            return read.toString();
        }

        private char escaped(char letter) {
            if (letter == 'u') {
                at += 4;
                return (char) Integer.parseInt(text, at - 4, at, 16);
            }
            int which = "\"\\/bfnrt".indexOf(letter);
            if (which < 0) {
                throw bad();
            }
            return "\"\\/\b\f\n\r\t".charAt(which);
        }

        private BigDecimal number() {
            int from = at;
            while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
            return new BigDecimal(text.substring(from, at));
        }

        private Object word(String word, Object meaning) {
            if (!text.startsWith(word, at)) {
                throw bad();
            }
            at += word.length();
            return meaning;
        }

        private boolean next(char wanted) {
            space();
            boolean is = at < text.length() && text.charAt(at) == wanted;
            at += is ? 1 : 0;
            return is;
        }

        private void expect(char wanted) {
            if (!next(wanted)) {
                throw bad();
            }
        }

        private char take() {
            if (at >= text.length()) {
                throw bad();
            }
            return text.charAt(at++);
        }

        private void space() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
        }

        private IllegalStateException bad() {
            return new IllegalStateException("no JSON at " + at);
        }
    }
}
