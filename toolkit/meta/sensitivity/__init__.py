"""How much a result hangs on single studies, on which of them are taken, and on chance: models fitted again."""
