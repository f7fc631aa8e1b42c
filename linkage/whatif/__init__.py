"""What would become of a published run's rings if some of the evidence were not there: computed on demand."""
