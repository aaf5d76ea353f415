"""Structure checks of a module's notebooks and plan, which execute nothing."""
