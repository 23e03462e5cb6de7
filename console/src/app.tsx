/** The way in, and which page stands at which address. */
import { useEffect, useState } from "preact/hooks";
import { lazy, LocationProvider, Route, Router } from "preact-iso";
import { follow } from "./api/live";
import { Problem } from "./api/problem";
import { askForHome, Home } from "./pages/home/home";
import { me, readMe } from "./session/me";
import { failure, signIn, standing } from "./session/session";
import { Shell } from "./shell";
import { Asking } from "./ui/dialog";
import { ProblemNote } from "./ui/parts";

const Scenarios = lazy(() => import("./pages/scenarios/list").then((page) => page.Scenarios));
const ScenarioPage = lazy(() => import("./pages/scenarios/scenario").then((page) => page.ScenarioPage));
const Editor = lazy(() => import("./pages/scenarios/editor").then((page) => page.Editor));
const Runs = lazy(() => import("./pages/runs/list").then((page) => page.Runs));
const RunPage = lazy(() => import("./pages/runs/run").then((page) => page.RunPage));
const Compare = lazy(() => import("./pages/compare/compare").then((page) => page.Compare));
const Sweeps = lazy(() => import("./pages/sweeps/sweeps").then((page) => page.Sweeps));
const Baselines = lazy(() => import("./pages/baselines/list").then((page) => page.Baselines));
const BaselinePage = lazy(() => import("./pages/baselines/baseline").then((page) => page.BaselinePage));
const Operations = lazy(() => import("./pages/operations/operations").then((page) => page.Operations));
const IncidentPage = lazy(() => import("./pages/operations/incident").then((page) => page.IncidentPage));
const Outbox = lazy(() => import("./pages/outbox/outbox").then((page) => page.Outbox));
const Webhooks = lazy(() => import("./pages/webhooks/list").then((page) => page.Webhooks));
const WebhookPage = lazy(() => import("./pages/webhooks/webhook").then((page) => page.WebhookPage));
const DeliveryPage = lazy(() => import("./pages/webhooks/delivery").then((page) => page.DeliveryPage));
const Reports = lazy(() => import("./pages/reports/list").then((page) => page.Reports));
const ReportPage = lazy(() => import("./pages/reports/report").then((page) => page.ReportPage));
const Shared = lazy(() => import("./pages/reports/shared").then((page) => page.Shared));
const Settings = lazy(() => import("./pages/settings/settings").then((page) => page.Settings));
const NotThere = lazy(() => import("./pages/not-there").then((page) => page.NotThere));

export function App() {
  switch (standing.value) {
    case "starting":
      return <Door title="Sextant" text="Signing in …" />;
    case "failed":
      return <Door title="Signing in failed" text={failure.value} button="Try again" />;
    case "signed-out":
      return <Door title="You are signed out" text="Nothing of yours is left in this browser." button="Sign in" />;
    case "shared":
      return (
        <LocationProvider scope="/console">
          <Router>
            <Route path="/console/shared" component={Shared} />
            <Route default component={NotThere} />
          </Router>
        </LocationProvider>
      );
    case "signed-in":
      return <SignedIn />;
  }
}

function SignedIn() {
  const [problem, setProblem] = useState<Problem | undefined>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    readMe().catch((error: unknown) => setProblem(Problem.caught(error)));
    if (location.pathname === import.meta.env.BASE_URL) askForHome();
    void follow();
  }, [turn]);
  if (me.value === null) {
    const retry = (): void => {
      setProblem(undefined);
      setTurn(turn + 1);
    };
    return problem ? (
      <main class="door">
        <div>
          <h1>Sextant</h1>
          <ProblemNote problem={problem} retry={retry} />
        </div>
      </main>
    ) : (
      <Door title="Sextant" text="Reading who you are …" />
    );
  }
  return (
    <LocationProvider scope="/console">
      <Shell>
        <Router>
          <Route path="/console/" component={Home} />
          <Route path="/console/scenarios" component={Scenarios} />
          <Route path="/console/scenarios/new" component={Editor} />
          <Route path="/console/scenarios/:id" component={ScenarioPage} />
          <Route path="/console/scenarios/:id/edit" component={Editor} />
          <Route path="/console/runs" component={Runs} />
          <Route path="/console/runs/:id" component={RunPage} />
          <Route path="/console/compare" component={Compare} />
          <Route path="/console/reports" component={Reports} />
          <Route path="/console/reports/:id" component={ReportPage} />
          <Route path="/console/sweeps" component={Sweeps} />
          <Route path="/console/baselines" component={Baselines} />
          <Route path="/console/baselines/:id" component={BaselinePage} />
          <Route path="/console/operations" component={Operations} />
          <Route path="/console/operations/incidents/:id" component={IncidentPage} />
          <Route path="/console/outbox" component={Outbox} />
          <Route path="/console/webhooks" component={Webhooks} />
          <Route path="/console/webhooks/:id" component={WebhookPage} />
          <Route path="/console/webhooks/:id/deliveries/:delivery" component={DeliveryPage} />
          <Route path="/console/settings" component={Settings} />
          <Route default component={NotThere} />
        </Router>
        <Asking />
      </Shell>
    </LocationProvider>
  );
}

function Door(props: { title: string; text: string; button?: string }) {
  return (
    <main class="door">
      <div>
        <h1>{props.title}</h1>
        <p class="soft">{props.text}</p>
        {props.button && (
          <button type="button" class="button first" onClick={() => void signIn()}>
            {props.button}
          </button>
        )}
      </div>
    </main>
  );
}
