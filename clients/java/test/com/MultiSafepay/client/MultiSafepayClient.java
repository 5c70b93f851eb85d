package com.MultiSafepay.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;

/**
 * A stand-in for the Java library of the API, which comes as source text only and needs Gson.
 *
 * <p>It is written for these tests from what the library does and has none of its code: the fields
 * that FlorinTarget sets, and requests as the library sends them. JSON is the caller's business.
 */
public final class MultiSafepayClient {
    private static final int TIMEOUT_MS = 30_000;

    private static String key = "";
    // Names that nobody has: a test in which the library is led nowhere calls no one.
    private static String testApiUrl = "https://testapi.invalid/v1/json/";
    private static String apiUrl = "https://api.invalid/v1/json/";
    private static String endPoint = "";

    private MultiSafepayClient() {}

    public static void init(Boolean testMode, String apiKey) {
        endPoint = testMode ? testApiUrl : apiUrl;
        key = apiKey;
    }

    /** What was answered. */
    public static final class Answer {
        public final int status;
        public final String body;

        Answer(int status, String body) {
            this.status = status;
            this.body = body;
        }
    }

    /** @param json the body of a POST or PATCH, otherwise null */
    public static Answer send(String method, String path, String json) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) new URL(endPoint + path).openConnection();
        connection.setConnectTimeout(TIMEOUT_MS);
        connection.setReadTimeout(TIMEOUT_MS);
        connection.setInstanceFollowRedirects(false);
        connection.setUseCaches(false);
        connection.setDoOutput(true);
        // Java's client knows no PATCH.
        connection.setRequestMethod(method.equals("PATCH") ? "POST" : method);
        if (method.equals("PATCH")) {
            connection.setRequestProperty("X-HTTP-Method-Override", "PATCH");
        }
        connection.setRequestProperty("User-Agent", "Mozilla/5.0");
        connection.setRequestProperty("api_key", key);
        connection.setRequestProperty("charset", "utf-8");
        if (json != null) {
            connection.setRequestProperty("Content-Type", "application/x-www-form-urlencoded");
            try (OutputStream body = connection.getOutputStream()) {
                // One byte for each character, as the library has it.
                body.write(json.getBytes(StandardCharsets.ISO_8859_1));
            }
        }
        int status = connection.getResponseCode();
        // The library has the body of 200 from one stream, and that of any other status from the other.
        try (InputStream body = status == 200 ? connection.getInputStream() : connection.getErrorStream()) {
            return new Answer(status, text(body));
        }
    }

    private static String text(InputStream body) throws IOException {
        if (body == null) {
            throw new IOException("no body where the library reads one");
        }
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        byte[] part = new byte[8192];
        for (int count = body.read(part); count >= 0; count = body.read(part)) {
            read.write(part, 0, count);
        }
        return new String(read.toByteArray(), StandardCharsets.UTF_8);
    }
}
