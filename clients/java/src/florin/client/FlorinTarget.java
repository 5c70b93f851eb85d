package florin.client;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URISyntaxException;

/**
 * Points the Java library of the API at a gateway of your own.
 *
 * <p>The library has its addresses in private static fields without setters: one for the test
 * platform, one for the live one, and the one of them that {@code init} has chosen. All three are
 * set, so that it does not matter which platform is asked for, nor whether {@code init} comes before
 * or after. Needs nothing but Java 8, and not the library to be compiled.
 */
public final class FlorinTarget {
    private static final String LIBRARY = "com.MultiSafepay.client.MultiSafepayClient";
    private static final String API = "/v1/json/";

    /** The fields, each by the names that versions of the library have for it. */
    private static final String[][] FIELDS = {
        {"testApiUrl", "tesApitUrl"}, {"apiUrl"}, {"endPoint"},
    };

    private FlorinTarget() {}

    /**
     * Leads every call of the library to the gateway.
     *
     * @param baseUrl where the gateway is, such as {@code http://127.0.0.1:8080}; a path before
     *     {@code /v1/json/} is kept
     * @throws IllegalArgumentException when it is no address
     * @throws IllegalStateException when the library is not there or is not as expected; nothing was
     *     changed then
     */
    public static void use(String baseUrl) {
        Class<?> library;
        try {
            library = Class.forName(LIBRARY);
        } catch (ClassNotFoundException missing) {
            throw new IllegalStateException(LIBRARY + " is not on the class path", missing);
        }
        use(library, baseUrl);
    }

    /** The same for a library that has another name or another class loader. */
    public static void use(Class<?> library, String baseUrl) {
        String address = address(baseUrl);
        // All are found before one is set: half a change would send some calls to the other host.
        Field[] fields = new Field[FIELDS.length];
        for (int i = 0; i < FIELDS.length; i++) {
            fields[i] = field(library, FIELDS[i]);
        }
        for (Field field : fields) {
            try {
                field.set(null, address);
            } catch (IllegalAccessException refused) {
                throw unknown(library, "lets nobody set " + field.getName(), refused);
            }
        }
    }

    private static Field field(Class<?> library, String[] names) {
        for (String name : names) {
            Field field;
            try {
                field = library.getDeclaredField(name);
            } catch (NoSuchFieldException other) {
                continue;
            }
            int is = field.getModifiers();
            if (field.getType() != String.class || !Modifier.isStatic(is) || Modifier.isFinal(is)) {
                throw unknown(library, "has a field " + name + " that is no static String to be set", null);
            }
            try {
                field.setAccessible(true);
            } catch (RuntimeException refused) {
                throw unknown(library, "lets nobody set " + name, refused);
            }
            return field;
        }
        throw unknown(library, "has no field " + String.join(" or ", names), null);
    }

    private static IllegalStateException unknown(Class<?> library, String fault, Throwable cause) {
        String text = library.getName() + " " + fault;
        return new IllegalStateException(text + "; FlorinTarget does not know this version of the library", cause);
    }

    private static String address(String baseUrl) {
        URI uri;
        try {
            uri = new URI(baseUrl == null ? "" : baseUrl);
        } catch (URISyntaxException bad) {
            throw new IllegalArgumentException("The base URL is no address", bad);
        }
        boolean isHttp = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
        if (!isHttp || uri.getHost() == null) {
            throw new IllegalArgumentException("The base URL begins with http:// or https:// and a host");
        }
        if (uri.getRawUserInfo() != null || uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw new IllegalArgumentException("The base URL has no user, query or fragment");
        }
        // The slash at the end counts: the library writes the rest of a path right behind it.
        String start = baseUrl.replaceFirst("/*$", "/");
        return start.endsWith(API) ? start : start.substring(0, start.length() - 1) + API;
    }
}
