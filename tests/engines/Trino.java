import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.trino.sql.parser.SqlParser;
import io.trino.testing.LocalQueryRunner;
import io.trino.testing.MaterializedResult;
import io.trino.testing.MaterializedRow;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import static io.trino.testing.TestingSession.testSessionBuilder;

/** Trino's parser, analyzer and execution in one process, asked over stdin: one JSON line a statement. */
public class Trino
{
    public static void main(String[] arguments)
            throws Exception
    {
        // The protocol keeps the real stdout; whatever Trino prints goes to stderr.
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        ObjectMapper json = new ObjectMapper();
        SqlParser parser = new SqlParser();
        BufferedReader asked = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (LocalQueryRunner runner = LocalQueryRunner.create(testSessionBuilder().build())) {
            for (String line = asked.readLine(); line != null; line = asked.readLine()) {
                JsonNode request = json.readTree(line);
                Map<String, Object> answer;
                try {
                    if (request.has("parse")) {
                        parser.createStatement(request.get("parse").asText());
                        answer = Map.of("columns", List.of(), "rows", List.of());
                    }
                    else {
                        MaterializedResult result = runner.execute(request.get("run").asText());
                        List<List<String>> rows = new ArrayList<>();
                        for (MaterializedRow row : result) {
                            List<String> fields = new ArrayList<>();
                            row.getFields().forEach(field -> fields.add(field == null ? null : field.toString()));
                            rows.add(fields);
                        }
                        List<List<String>> columns = new ArrayList<>();
                        for (int index = 0; index < result.getTypes().size(); index++) {
                            columns.add(List.of(result.getColumnNames().get(index), result.getTypes().get(index).getDisplayName()));
                        }
                        answer = Map.of("columns", columns, "rows", rows);
                    }
                }
                catch (RuntimeException error) {
                    answer = Map.of("error", String.valueOf(error.getMessage()));
                }
                answers.println(json.writeValueAsString(answer));
            }
        }
        System.exit(0);
    }
}
