package engine

import (
	"context"
	"time"
)

// PostID names a post; ThreadID the thread it stands in.
type (
	PostID   string
	ThreadID string
)

// Post is what somebody wrote into a thread. It is stored before any enrolment counts it.
type Post struct {
	ID        PostID      `json:"id"`
	Rev       int64       `json:"rev"` // 0 before AddPost; stored documents start at 1
	Thread    ThreadID    `json:"thread"`
	Enrolment EnrolmentID `json:"enrolment"` // the learner's, whose thread it is or who wrote it
	Step      StepID      `json:"step,omitempty"`
	Author    PersonID    `json:"author"`
	Role      Role        `json:"role"` // in which the author writes
	Request   RequestID   `json:"request,omitempty"`
	ReplyTo   PostID      `json:"reply_to,omitempty"`
	Text      string      `json:"text"`
	At        time.Time   `json:"at"`
	Helpful   []PersonID  `json:"helpful,omitempty"`   // who found it so, each once
	Hidden    bool        `json:"hidden,omitempty"`    // its text is not shown any more
	Withdrawn bool        `json:"withdrawn,omitempty"` // hidden by who wrote it, not by a coach
	Uncounted bool        `json:"uncounted,omitempty"` // enrolments do not know of it yet
}

// PostRef is where a post stands in its thread; the zero value is behind the last.
type PostRef struct {
	At time.Time
	ID PostID
}

// PostStore keeps posts.
type PostStore interface {
	// AddPost stores p with Rev 1; an existing id: nil, untouched.
	AddPost(ctx context.Context, p Post) error
	Post(ctx context.Context, id PostID) (Post, error)
	// SavePost replaces the document whose Rev is p.Rev and stores it with Rev+1.
	SavePost(ctx context.Context, p Post) error
	// PostsIn lists a thread's posts before a place, latest first.
	PostsIn(ctx context.Context, thread ThreadID, before PostRef, limit int) ([]Post, error)
	// PostsBy lists an author's posts in a thread since a time, latest first.
	PostsBy(ctx context.Context, thread ThreadID, author PersonID, since time.Time, limit int) ([]Post, error)
	// UncountedPosts lists those with Uncounted set, oldest first.
	UncountedPosts(ctx context.Context, limit int) ([]Post, error)
}
