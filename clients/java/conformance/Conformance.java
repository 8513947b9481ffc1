import com.appprofile.ApiException;
import com.appprofile.Client;
import com.appprofile.Options;
import com.appprofile.ResumeTokenExpiredException;
import com.appprofile.ResumingImport;
import com.appprofile.ResumingStream;
import com.appprofile.v1.AppServiceGrpc;
import com.appprofile.v1.CredentialServiceGrpc;
import com.appprofile.v1.CustomerServiceGrpc;
import com.appprofile.v1.ExportCustomersRequest;
import com.appprofile.v1.ExportProfilesRequest;
import com.appprofile.v1.ImportCustomersRequest;
import com.appprofile.v1.ImportProfilesRequest;
import com.appprofile.v1.ProfileServiceGrpc;
import com.appprofile.v1.ResolveRecipientsRequest;
import com.appprofile.v1.UsageServiceGrpc;
import com.appprofile.v1.WatchProfilesRequest;
import com.appprofile.v1.WebhookServiceGrpc;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.ErrorDetailsProto;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.ServiceDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Carries out the conformance scenario and prints the transcript: {@code Conformance SCENARIO TARGET KEYS [CA]}. What a
 * step means is told in tests/clients/README.md.
 */
public final class Conformance {
  private record Service(ServiceDescriptor descriptor, Function<Client, Channel> stub) {}

  private static final Map<String, Service> SERVICES =
      Map.of(
          "ProfileService", new Service(ProfileServiceGrpc.getServiceDescriptor(), c -> c.profiles().getChannel()),
          "AppService", new Service(AppServiceGrpc.getServiceDescriptor(), c -> c.apps().getChannel()),
          "UsageService", new Service(UsageServiceGrpc.getServiceDescriptor(), c -> c.usage().getChannel()),
          "WebhookService", new Service(WebhookServiceGrpc.getServiceDescriptor(), c -> c.webhooks().getChannel()),
          "CustomerService", new Service(CustomerServiceGrpc.getServiceDescriptor(), c -> c.customers().getChannel()),
          "CredentialService",
              new Service(CredentialServiceGrpc.getServiceDescriptor(), c -> c.credentials().getChannel()));
  private static final Map<String, BiFunction<Client, Message, ResumingStream<? extends Message>>> STREAMS =
      Map.of(
          "ProfileService/WatchProfiles", (client, request) -> client.watchProfiles((WatchProfilesRequest) request),
          "ProfileService/ResolveRecipients",
              (client, request) -> client.resolveRecipients((ResolveRecipientsRequest) request),
          "ProfileService/ExportProfiles", (client, request) -> client.exportProfiles((ExportProfilesRequest) request),
          "CustomerService/ExportCustomers",
              (client, request) -> client.exportCustomers((ExportCustomersRequest) request));
  private static final Map<String, BiFunction<Client, List<Message>, ResumingImport<? extends Message>>> IMPORTS =
      Map.of(
          "ProfileService/ImportProfiles",
              (client, requests) -> client.importProfiles(cast(requests, ImportProfilesRequest.class)),
          "CustomerService/ImportCustomers",
              (client, requests) -> client.importCustomers(cast(requests, ImportCustomersRequest.class)));
  private static final String OLDEST = "oldest_resume_token";
  private static final Pattern NAME = Pattern.compile("\\$\\{(\\w+)}");
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().serializeNulls().create();

  /** With the types of error details, so that protobuf's JSON form can show those of batch items. */
  private static final JsonFormat.Printer PRINTER =
      JsonFormat.printer()
          .preservingProtoFieldNames()
          .usingTypeRegistry(
              TypeRegistry.newBuilder().add(ErrorDetailsProto.getDescriptor().getMessageTypes()).build());

  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private final BufferedReader answers = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
  private final Map<String, Client> clients = new HashMap<>();
  private final Map<String, ResumingStream<? extends Message>> streams = new HashMap<>();
  private final Map<String, String> values = new HashMap<>();
  private final JsonArray steps;
  private final String target;
  private final byte[] ca;

  private Conformance(String[] arguments) throws IOException {
    JsonObject scenario = read(arguments[0]);
    steps = scenario.getAsJsonArray("steps");
    target = arguments[1];
    for (JsonObject source : List.of(scenario.getAsJsonObject("values"), read(arguments[2]))) {
      source.entrySet().forEach(each -> values.put(each.getKey(), each.getValue().getAsString()));
    }
    ca = arguments.length > 3 ? Files.readAllBytes(Path.of(arguments[3])) : null;
  }

  public static void main(String[] arguments) throws Exception {
    Conformance program = new Conformance(arguments);
    for (JsonElement step : program.steps) {
      program.carryOut(step.getAsJsonObject());
    }
    program.streams.values().forEach(ResumingStream::close);
    program.clients.values().forEach(Client::close);
  }

  private void carryOut(JsonObject step) throws Exception {
    if (step.has("ask")) {
      ask(step.get("ask"));
      answers.readLine();
    } else if (step.has("during")) {
      show(repeat(step));
    } else if (step.has("stream")) {
      show(read(step));
    } else if (step.has("requests")) {
      show(exchange(step));
    } else {
      show(prepare(step).get());
    }
  }

  private JsonObject repeat(JsonObject step) throws IOException, InterruptedException, ExecutionException {
    Supplier<JsonObject> call = prepare(step);
    int repeat = step.get("repeat").getAsInt();
    int parallel = step.get("parallel").getAsInt();
    AtomicInteger calls = new AtomicInteger();
    ask(step.get("during"));
    ExecutorService pool = Executors.newFixedThreadPool(parallel + 1);
    Future<String> answer = pool.submit(answers::readLine);
    List<Future<List<JsonObject>>> loops = new ArrayList<>();
    for (int i = 0; i < parallel; i++) {
      loops.add(
          pool.submit(
              () -> {
                List<JsonObject> lines = new ArrayList<>();
                while (!answer.isDone() || calls.get() < repeat) {
                  calls.incrementAndGet();
                  lines.add(call.get());
                }
                return lines;
              }));
    }
    List<JsonObject> lines = new ArrayList<>();
    for (Future<List<JsonObject>> loop : loops) {
      lines.addAll(loop.get());
    }
    pool.shutdown();
    JsonObject first = lines.get(0);
    return lines.stream().filter(line -> !line.equals(first)).findFirst().orElse(first);
  }

  /** The step's call, ready to be made any number of times. */
  private Supplier<JsonObject> prepare(JsonObject step) throws InvalidProtocolBufferException {
    MethodDescriptor<Message, Message> method = method(step);
    Message message = request(step.get("request"), method);
    Channel channel = channel(step);
    return () -> {
      JsonObject line = new JsonObject();
      line.add("step", step.get("step"));
      CallOptions options = CallOptions.DEFAULT;
      if (step.has("deadline_ms")) {
        options = options.withDeadlineAfter(step.get("deadline_ms").getAsLong(), TimeUnit.MILLISECONDS);
      }
      try {
        Message response = ClientCalls.blockingUnaryCall(channel, method, options, message);
        line.addProperty("code", "OK");
        seen(step, JsonParser.parseString(PRINTER.print(response)), line);
      } catch (StatusRuntimeException e) {
        told(ApiException.from(e), line);
      } catch (InvalidProtocolBufferException e) {
        throw new IllegalStateException(e);
      }
      return line;
    };
  }

  /** Goes on with the step's stream, or opens it. */
  private JsonObject read(JsonObject step) throws InvalidProtocolBufferException {
    String name = step.get("stream").getAsString();
    if (step.has("method")) {
      var open = STREAMS.get(step.get("method").getAsString());
      streams.put(name, open.apply(client(step), request(step.get("request"), method(step))));
    }
    ResumingStream<? extends Message> stream = streams.get(name);
    Map.Entry<String, JsonElement> until = step.getAsJsonObject("until").entrySet().iterator().next();
    JsonObject line = new JsonObject();
    line.add("step", step.get("step"));
    JsonObject body = new JsonObject();
    body.add(until.getKey(), new JsonArray());
    try {
      while (body.getAsJsonArray(until.getKey()).size() < until.getValue().getAsInt() && stream.hasNext()) {
        JsonObject message = JsonParser.parseString(PRINTER.print(stream.next())).getAsJsonObject();
        for (Map.Entry<String, JsonElement> each : message.entrySet()) {
          if (each.getValue() instanceof JsonArray entries && body.has(each.getKey())) {
            body.getAsJsonArray(each.getKey()).addAll(entries);
          } else {
            body.add(each.getKey(), each.getValue());
          }
        }
      }
      line.addProperty("code", "OK");
      seen(step, body, line);
    } catch (ResumeTokenExpiredException e) {
      values.put(OLDEST, e.oldestResumeToken());
      told(e, line);
      line.getAsJsonObject("metadata").remove(OLDEST);
      if (line.getAsJsonObject("metadata").isEmpty()) {
        line.remove("metadata");
      }
    } catch (ApiException e) {
      told(e, line);
    }
    return line;
  }

  /** Imports the requests and reads the responses to them. */
  private JsonObject exchange(JsonObject step) throws InvalidProtocolBufferException {
    List<Message> requests = new ArrayList<>();
    for (JsonElement each : step.getAsJsonArray("requests")) {
      requests.add(request(each, method(step)));
    }
    JsonObject line = new JsonObject();
    line.add("step", step.get("step"));
    JsonArray responses = new JsonArray();
    try (var stream = IMPORTS.get(step.get("method").getAsString()).apply(client(step), requests)) {
      while (stream.hasNext()) {
        responses.add(JsonParser.parseString(PRINTER.print(stream.next())));
      }
      JsonObject body = new JsonObject();
      body.add("responses", responses);
      line.addProperty("code", "OK");
      seen(step, body, line);
    } catch (ApiException e) {
      told(e, line);
    }
    return line;
  }

  private static <Q extends Message> List<Q> cast(List<Message> requests, Class<Q> type) {
    return requests.stream().map(type::cast).toList();
  }

  private Message request(JsonElement content, MethodDescriptor<Message, Message> method)
      throws InvalidProtocolBufferException {
    var marshaller = (PrototypeMarshaller<Message>) method.getRequestMarshaller();
    Message.Builder request = marshaller.getMessagePrototype().newBuilderForType();
    JsonFormat.parser().merge(fill(content).toString(), request);
    return request.build();
  }

  private void seen(JsonObject step, JsonElement response, JsonObject line) {
    if (step.has("capture")) {
      for (Map.Entry<String, JsonElement> each : step.getAsJsonObject("capture").entrySet()) {
        JsonElement value = find(response, each.getValue().getAsString());
        values.put(each.getKey(), value.isJsonNull() ? "" : value.getAsString());
      }
    }
    JsonObject shown = new JsonObject();
    if (step.getAsJsonObject("expect").has("show")) {
      for (String path : step.getAsJsonObject("expect").getAsJsonObject("show").keySet()) {
        shown.add(path, find(response, path));
      }
    }
    if (!shown.isEmpty()) {
      line.add("show", shown);
    }
  }

  private static void told(ApiException error, JsonObject line) {
    line.addProperty("code", error.code().name());
    if (!error.reason().isEmpty()) {
      line.addProperty("reason", error.reason());
    }
    if (!error.metadata().isEmpty()) {
      line.add("metadata", GSON.toJsonTree(error.metadata()));
    }
    if (!error.violations().isEmpty()) {
      line.add("violations", GSON.toJsonTree(error.violations().stream().map(ApiException.Violation::field).toList()));
    }
  }

  private Channel channel(JsonObject step) {
    return SERVICES.get(step.get("method").getAsString().split("/")[0]).stub().apply(client(step));
  }

  private Client client(JsonObject step) {
    String key = step.has("key") ? step.get("key").getAsString() : "profile";
    String jwt = step.has("jwt") ? step.get("jwt").getAsString() : "";
    return clients.computeIfAbsent(
        key + "/" + jwt,
        both -> {
          String secret = key.equals("none") ? null : values.get(key);
          Options.Builder options = Options.builder().key(secret).plaintext(ca == null).ca(ca);
          if (!jwt.isEmpty()) {
            options.jwt(() -> values.get(jwt));
          }
          return Client.connect(target, options.build());
        });
  }

  @SuppressWarnings("unchecked")
  private static MethodDescriptor<Message, Message> method(JsonObject step) {
    String[] name = step.get("method").getAsString().split("/");
    ServiceDescriptor service = SERVICES.get(name[0]).descriptor();
    return (MethodDescriptor<Message, Message>)
        service.getMethods().stream().filter(each -> name[1].equals(each.getBareMethodName())).findFirst().orElseThrow();
  }

  private JsonElement fill(JsonElement value) {
    if (value.isJsonObject()) {
      JsonObject filled = new JsonObject();
      value.getAsJsonObject().entrySet().forEach(each -> filled.add(each.getKey(), fill(each.getValue())));
      return filled;
    }
    if (value.isJsonArray()) {
      JsonArray filled = new JsonArray();
      value.getAsJsonArray().forEach(each -> filled.add(fill(each)));
      return filled;
    }
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
      return value;
    }
    OffsetDateTime now = Instant.now().truncatedTo(ChronoUnit.MILLIS).atOffset(ZoneOffset.UTC);
    Map<String, String> builtIn =
        Map.of(
            "now", now.toInstant().toString(),
            "year", String.valueOf(now.getYear()),
            "month", String.valueOf(now.getMonthValue()),
            "day", String.valueOf(now.getDayOfMonth()));
    Function<String, String> named = name -> builtIn.getOrDefault(name, values.getOrDefault(name, ""));
    return new JsonPrimitive(
        NAME.matcher(value.getAsString())
            .replaceAll(match -> Matcher.quoteReplacement(named.apply(match.group(1)))));
  }

  /** The value at the path, or null. */
  private static JsonElement find(JsonElement body, String path) {
    JsonElement found = body;
    for (String name : path.split("\\.")) {
      if (found instanceof JsonArray places) {
        int place = Integer.parseInt(name);
        found = place < places.size() ? places.get(place) : null;
      } else {
        found = found instanceof JsonObject members ? members.get(name) : null;
      }
    }
    return found == null ? JsonNull.INSTANCE : found;
  }

  /** The same with the members of its objects in order. */
  private static JsonElement sorted(JsonElement value) {
    if (value instanceof JsonArray places) {
      JsonArray each = new JsonArray();
      places.forEach(place -> each.add(sorted(place)));
      return each;
    }
    if (value instanceof JsonObject members) {
      JsonObject each = new JsonObject();
      new TreeMap<>(members.asMap()).forEach((name, member) -> each.add(name, sorted(member)));
      return each;
    }
    return value;
  }

  private void ask(JsonElement what) {
    JsonObject line = new JsonObject();
    line.add("ask", what);
    show(line);
  }

  private void show(JsonObject line) {
    out.print(GSON.toJson(sorted(line)) + "\n");
    out.flush();
  }

  private static JsonObject read(String file) throws IOException {
    return JsonParser.parseString(Files.readString(Path.of(file))).getAsJsonObject();
  }
}
