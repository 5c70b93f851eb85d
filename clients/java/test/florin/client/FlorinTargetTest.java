package florin.client;

import com.MultiSafepay.client.MultiSafepayClient;
import com.sun.net.httpserver.HttpServer;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** What FlorinTarget makes of the library's fields. The library is a stand-in. Prints TAP. */
public final class FlorinTargetTest {
    private static final String VENDOR = "https://testapi.invalid/v1/json/";
    private static final String GATEWAY = "http://127.0.0.1:8080/v1/json/";

    private static int number = 0;
    private static int failed = 0;

    /** As the oldest version of the library writes it. */
    static final class Oldest {
        private static String tesApitUrl = VENDOR;
        private static String apiUrl = VENDOR;
        private static String endPoint = "";
    }

    static final class WithoutLive {
        private static String testApiUrl = VENDOR;
        private static String endPoint = VENDOR;
    }

    static final class WithConstant {
        private static String testApiUrl = VENDOR;
        private static final String apiUrl = VENDOR;
        private static String endPoint = VENDOR;
    }

    static final class OfAnObject {
        private String testApiUrl = VENDOR;
        private static String apiUrl = VENDOR;
        private static String endPoint = VENDOR;
    }

    static final class OfAnotherType {
        private static String testApiUrl = VENDOR;
        private static String apiUrl = VENDOR;
        private static Object endPoint = VENDOR;
    }

    public static void main(String[] arguments) throws Exception {
        addresses();
        fields();
        strangers();
        calls();
        System.out.println("1.." + number + "\n# pass " + (number - failed) + "\n# fail " + failed + "\n# cancelled 0");
        System.exit(failed == 0 ? 0 : 1);
    }

    private static void addresses() throws Exception {
        String[][] good = {
            {"http://127.0.0.1:8080", GATEWAY},
            {"http://127.0.0.1:8080/", GATEWAY},
            {"http://127.0.0.1:8080/v1/json", GATEWAY},
            {GATEWAY, GATEWAY},
            {"https://pay.example/florin//", "https://pay.example/florin/v1/json/"},
            {"http://[::1]:8080", "http://[::1]:8080/v1/json/"},
        };
        for (String[] it : good) {
            FlorinTarget.use(Oldest.class, it[0]);
            check(it[0] + " leads to " + it[1], it[1].equals(value(Oldest.class, "tesApitUrl")));
        }
        String[] bad = {
            null, "", "127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://a b.example", "http://a@b.example",
            "http://a.example/?b=c", "http://a.example/#b",
        };
        for (String it : bad) {
            IllegalArgumentException refusal = null;
            try {
                FlorinTarget.use(Oldest.class, it);
            } catch (IllegalArgumentException refused) {
                refusal = refused;
            }
            check("'" + it + "' is no base URL", refusal != null);
        }
    }

    private static void fields() throws Exception {
        FlorinTarget.use(Oldest.class, GATEWAY);
        for (String name : new String[] {"tesApitUrl", "apiUrl", "endPoint"}) {
            check("the oldest version's " + name + " is set", GATEWAY.equals(value(Oldest.class, name)));
        }
        MultiSafepayClient.init(true, "key");
        check("the stand-in begins at the vendor", VENDOR.equals(value(MultiSafepayClient.class, "endPoint")));
        FlorinTarget.use("http://127.0.0.1:8080");
        check("init may come before", GATEWAY.equals(value(MultiSafepayClient.class, "endPoint")));
        for (boolean test : new boolean[] {true, false}) {
            MultiSafepayClient.init(test, "key");
            boolean led = GATEWAY.equals(value(MultiSafepayClient.class, "endPoint"));
            check("init(" + test + ") may come after", led);
        }
    }

    private static void strangers() throws Exception {
        refuses(WithoutLive.class, "has no field apiUrl;", "testApiUrl");
        refuses(WithConstant.class, "apiUrl that is no static String to be set", "testApiUrl");
        refuses(OfAnObject.class, "testApiUrl that is no static String to be set", "apiUrl");
        refuses(OfAnotherType.class, "endPoint that is no static String to be set", "testApiUrl");
        refuses(String.class, "has no field testApiUrl or tesApitUrl;", null);
    }

    private static void refuses(Class<?> library, String why, String untouched) throws Exception {
        String said = "";
        try {
            FlorinTarget.use(library, GATEWAY);
        } catch (IllegalStateException refusal) {
            said = refusal.getMessage();
        }
        check(library.getSimpleName() + " is refused with what is wrong: " + said, said.contains(why));
        if (untouched != null) {
            boolean same = VENDOR.equals(value(library, untouched));
            check(library.getSimpleName() + " is left as it was", same);
        }
    }

    private static void calls() throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String method = exchange.getRequestHeaders().getFirst("X-HTTP-Method-Override");
            seen.add(exchange.getRequestMethod() + " " + method + " " + exchange.getRequestURI());
            byte[] answer = "{\"success\":true,\"data\":{}}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        try {
            FlorinTarget.use("http://127.0.0.1:" + server.getAddress().getPort());
            MultiSafepayClient.init(true, "key");
            MultiSafepayClient.send("GET", "gateways/VISA", null);
            MultiSafepayClient.init(false, "key");
            MultiSafepayClient.send("PATCH", "orders/a", "{}");
        } finally {
            server.stop(0);
        }
        check("a call arrives where it is led", seen.contains("GET null /v1/json/gateways/VISA"));
        check("also one of the live platform", seen.contains("POST PATCH /v1/json/orders/a"));
    }

    private static String value(Class<?> library, String name) throws ReflectiveOperationException {
        Field field = library.getDeclaredField(name);
        field.setAccessible(true);
        return (String) field.get(null);
    }

    private static void check(String rule, boolean holds) {
        number++;
        failed += holds ? 0 : 1;
        System.out.println((holds ? "ok " : "not ok ") + number + " - " + rule);
    }
}
