// Package embedded is what one process needs to stand alone: a Redis that
// lives in memory, and a mailbox that takes every mail over SMTP, sends none
// on, and shows them on a page. The demo runs on it, and tests do.
//
// Both forget everything when they close.
package embedded
