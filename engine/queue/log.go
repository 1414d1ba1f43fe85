package queue

import (
	"fmt"
	"log/slog"
)

// asynqLog takes Asynq's own words to slog, one level quieter: what matters of
// them we log ourselves.
type asynqLog struct{ log *slog.Logger }

func (l asynqLog) Debug(...any)      {}
func (l asynqLog) Info(args ...any)  { l.log.Debug("asynq: " + fmt.Sprint(args...)) }
func (l asynqLog) Warn(args ...any)  { l.log.Info("asynq: " + fmt.Sprint(args...)) }
func (l asynqLog) Error(args ...any) { l.log.Warn("asynq: " + fmt.Sprint(args...)) }
func (l asynqLog) Fatal(args ...any) { l.log.Error("asynq: " + fmt.Sprint(args...)) } // does not exit: main decides
