import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/charts.css";
import { render } from "preact";
import { App } from "./app";
import { start } from "./session/session";
import "./ui/theme";

const root = document.getElementById("console");
if (root) render(<App />, root);
void start();
