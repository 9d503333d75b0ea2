"""GraphiQL's build: typed, and its example operations fit the schema this server has."""

from tests.node import ROOT, run_with_node


def test_the_page_is_well_typed_and_its_examples_are_valid() -> None:
    done = run_with_node(["npm", "run", "--silent", "check"], cwd=ROOT / "web")
    assert done.returncode == 0, done.stdout + done.stderr
