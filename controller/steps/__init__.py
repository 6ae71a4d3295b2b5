"""Do: one file per kind of action. Shells over the ports; `controller.apply` chooses among them."""
