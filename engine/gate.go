package engine

// gated tells whether a step that could open waits for its cohort.
func (d *decision) gated(*Step, *StepState) bool { return false }

// over tells whether a step about to open is an event that is over already.
func (d *decision) over(*Step, *StepState) bool { return false }

// missed tells whether an open step can no longer be done: an event that nobody attended in time.
func (d *decision) missed(*Step, *StepState) bool { return false }
