import { to } from "../ui/address";
import { Card, Empty, Page } from "../ui/parts";

export function NotThere() {
  return (
    <Page title="There is no such page">
      <Card flush>
        <Empty title="The address leads nowhere">
          <p>It may be misspelt, or of another version of the console.</p>
          <a class="button" href={to("/")}>
            To the overview
          </a>
        </Empty>
      </Card>
    </Page>
  );
}
