/* Killed at each named place on the way of a print (base/crash.h): before and
 * after every commit, publish and rename.  An honest printer goes on as it
 * stood; the job is printed as often as it should be, and charged once. */
#include "death.h"
#include "stage.h"

#include <stdio.h>
#include <string.h>

#include "base/crash.h"
#include "base/file.h"
#include "store/blob.h"

/* What happens to the printer and the job, besides. */
enum turn_of_events {
    NOTHING,
    PRINT_FAILS,
    PRINT_IS_STOPPED,
    PRINT_PAUSES,
    PRINT_IS_FORGOTTEN, /* the printer no longer knows of it */
    START_IS_REFUSED,
    UPLOADS_FAIL, /* three times */
};

/* The printer itself, whatever spoold remembers. */
static struct body {
    enum { RESTS, PRINTS, PAUSES, FINISHED, FAILED } doing;
    enum turn_of_events turn;
    char submission[16];
    unsigned starts_seen, begun, uploads_failed, rounds_printed;
    bool has_turned, is_canceled;
} * body;

static const char *const doing_names[] = { "idle", "printing", "paused",
                                           "finished", "failed" };

static int set_up(void **state)
{
    if (body == NULL)
        body = shared_new(sizeof(*body));
    *body = (struct body){ .submission = "77" }; /* of a print before */
    return stage_set_up(state);
}

/* -- an honest printer -- */

static void take_start(void)
{
    body->starts_seen = the.machines[0].starts;
    if (body->turn == START_IS_REFUSED)
        return;
    assert_int_not_equal(body->doing, PRINTS);
    body->doing = PRINTS;
    body->begun++;
    snprintf(body->submission, sizeof(body->submission), "%s",
             the.machines[0].submission);
}

static void turn(void)
{
    body->has_turned = true;
    switch (body->turn) {
    case PRINT_FAILS:
        body->doing = FAILED;
        break;
    case PRINT_PAUSES:
        body->doing = PAUSES;
        break;
    case PRINT_IS_FORGOTTEN:
        body->doing = RESTS;
        body->submission[0] = '\0';
        break;
    case NOTHING:
    case PRINT_IS_STOPPED: /* by a person */
    case START_IS_REFUSED:
    case UPLOADS_FAIL:
        break;
    }
}

static void print_on(void)
{
    if (body->doing != PRINTS && body->doing != PAUSES)
        return;
    body->rounds_printed++;
    if (body->rounds_printed == 2)
        turn();
    else if (body->rounds_printed > 3 && body->turn != PRINT_IS_STOPPED)
        body->doing = FINISHED;
    else if (body->doing == PAUSES)
        body->doing = PRINTS;
}

static void answer(void)
{
    struct machine *machine = &the.machines[0];
    if (machine->upload != NULL) {
        bool fails = body->turn == UPLOADS_FAIL && body->uploads_failed < 3;
        body->uploads_failed += fails;
        answer_upload(0, fails ? SPD_EIO : SPD_OK);
    }
    if (machine->starts != body->starts_seen)
        take_start();
    if (machine->start != NULL)
        answer_start(0, body->turn == START_IS_REFUSED ? SPD_EBUSY : SPD_OK);
    if (machine->stop != NULL) {
        body->is_canceled = body->doing == PRINTS;
        body->doing = body->is_canceled ? FAILED : body->doing;
        answer_stop(0, SPD_OK);
    }
}

static void report(void)
{
    say(0,
        "{\"connection\":\"connected\",\"full\":true,\"state\":\"%s\","
        "\"submission\":\"%s\",\"progress_pct\":%d,\"canceled\":%s,"
        "\"error\":null,\"slots\":[{\"slot\":0,\"loaded\":true,"
        "\"material_type\":\"PLA\",\"color\":\"#FF0000\","
        "\"weight_grams\":1000,\"remaining_pct\":100}]}",
        doing_names[body->doing], body->submission,
        body->doing == FINISHED ? 100 : 50,
        body->is_canceled ? "true" : "false");
}

/* -- and a person, who asks for one print -- */

static struct job_seen {
    int64_t id;
    bool is_done, is_unknown, prints;
} seen;

static bool see(void *arg, const void *record)
{
    (void)arg;
    const struct job *job = record;
    seen = (struct job_seen){
        .id = job->id,
        .is_done = job_is_done(job),
        .is_unknown = job->phase == PHASE_UNKNOWN,
        .prints = job->status == JOB_STARTED && !job->stop_wanted,
    };
    return true;
}

static void look(void)
{
    seen = (struct job_seen){ 0 };
    spd_txn *txn = store_read(the.shop.store);
    assert_true(record_count(txn, &job_kind) <= 1);
    record_each(txn, &job_kind, &(struct span){ 0 }, see, NULL);
    store_read_end(txn);
}

static void be_a_person(void)
{
    look();
    if (seen.id == 0)
        add_job("");
    else if (seen.is_unknown)
        call("jobs.update", "{\"print_id\":%lld,\"status\":\"completed\"}",
             (long long)seen.id);
    else if (seen.prints && body->turn == PRINT_IS_STOPPED)
        call("jobs.cancel", "{\"print_id\":%lld,\"stop\":true}",
             (long long)seen.id);
}

static void live_on(void)
{
    report();
    look();
    for (int round = 0; round < 200 && !seen.is_done; round++) {
        be_a_person();
        answer();
        print_on();
        report();
        pass_ms(5 * SECOND);
        look();
    }
}

/* -- the stories, and what must come of each -- */

static const char *place, *side;

static void print_and_die(void)
{
    build();
    die_at(place, side);
    live_on();
}

static void write_file_and_die(void)
{
    char path[80];
    snprintf(path, sizeof(path), "%s/note", the.root);
    file_write(path, STR("old"), 0600, NULL);
    die_at(place, side);
    file_write(path, STR("new"), 0600, NULL);
}

static void keep_blob_and_die(void)
{
    build();
    die_at(place, side);
    struct sha256 sum;
    struct blob_in *in = blob_begin(the.shop.store, NULL);
    blob_write(in, STR("sliced"), NULL);
    blob_keep(in, &sum, NULL);
}

static void a_file_is_old_or_new(void)
{
    char path[80];
    struct buf bytes = { 0 };
    snprintf(path, sizeof(path), "%s/note", the.root);
    assert_int_equal(file_read(path, 100, &bytes, NULL), SPD_OK);
    assert_true(
        str_is(buf_str(&bytes), strcmp(side, "before") == 0 ? "old" : "new"));
    buf_fini(&bytes);
}

static void a_blob_is_there_whole_or_not_at_all(void)
{
    struct sha256_stream *stream = sha256_start();
    struct buf bytes = { 0 };
    char path[BLOB_PATH_BYTES];
    sha256_add(stream, STR("sliced"));
    struct sha256 sum = sha256_done(stream);
    blob_path(the.shop.store, &sum, path);
    bool is_there = file_read(path, 100, &bytes, NULL) == SPD_OK;
    assert_int_equal(is_there, strcmp(side, "after") == 0);
    assert_true(!is_there || str_is(buf_str(&bytes), "sliced"));
    buf_fini(&bytes);
}

/* The stories of the queue; the others say themselves what they expect. */
static const struct story {
    const char *place;
    enum turn_of_events turn;
    const char *status;
    unsigned begun;
    double grams;
    void (*tell)(void), (*judge)(void);
} stories[] = {
    { "store.commit", NOTHING, "completed", 1, 20, NULL, NULL },
    { "call.write", NOTHING, "completed", 1, 20, NULL, NULL },
    { "printer.note", NOTHING, "completed", 1, 20, NULL, NULL },
    { "attempt.claimed", NOTHING, "completed", 1, 20, NULL, NULL },
    { "job.uploading", NOTHING, "completed", 1, 20, NULL, NULL },
    { "upload.publish", NOTHING, "completed", 1, 20, NULL, NULL },
    { "attempt.uploaded", NOTHING, "completed", 1, 20, NULL, NULL },
    { "attempt.starting", NOTHING, "completed", 1, 20, NULL, NULL },
    { "start.publish", NOTHING, "completed", 1, 20, NULL, NULL },
    { "attempt.printing", NOTHING, "completed", 1, 20, NULL, NULL },
    { "attempt.finished", NOTHING, "completed", 1, 20, NULL, NULL },
    { "print.paused", PRINT_PAUSES, "completed", 1, 20, NULL, NULL },
    { "print.resumed", PRINT_PAUSES, "completed", 1, 20, NULL, NULL },
    { "attempt.failed", PRINT_FAILS, "failed", 1, 10, NULL, NULL },
    { "call.write", PRINT_IS_STOPPED, "cancelled", 1, 10, NULL, NULL },
    { "stop.publish", PRINT_IS_STOPPED, "cancelled", 1, 10, NULL, NULL },
    { "attempt.cancelled", PRINT_IS_STOPPED, "cancelled", 1, 10, NULL, NULL },
    { "attempt.refused", START_IS_REFUSED, "failed", 0, 0, NULL, NULL },
    { "attempt.dropped", UPLOADS_FAIL, "completed", 1, 20, NULL, NULL },
    { "attempt.unknown", PRINT_IS_FORGOTTEN, "completed", 1, 20, NULL, NULL },
    { "file.rename", NOTHING, NULL, 0, 0, write_file_and_die,
      a_file_is_old_or_new },
    { "blob.rename", NOTHING, NULL, 0, 0, keep_blob_and_die,
      a_blob_is_there_whole_or_not_at_all },
};

static void judge_print(const struct story *story)
{
    look();
    struct job job = read_job(seen.id);
    const char *status = job_status_names[job.status];
    if (strcmp(status, story->status) != 0 || body->begun != story->begun)
        fail_msg("%s.%s: the job is %s and was begun %u times", place, side,
                 status, body->begun);
    unsigned starts = the.machines[0].starts;
    assert_true(starts == (story->begun > 0 ? story->begun : 2));
    assert_grams(grams_in(1, 0), 1000 - story->grams);
}

/* True: it came by, and died there. */
static bool die_in(const struct story *story)
{
    void *state = NULL;
    assert_int_equal(stage_tear_down(NULL), 0);
    assert_int_equal(set_up(&state), 0);
    add_printer(0);
    body->turn = story->turn;
    take_down();
    bool died = was_killed(story->tell != NULL ? story->tell : print_and_die);
    build();
    if (story->judge != NULL) {
        story->judge();
    } else {
        live_on();
        judge_print(story);
    }
    return died;
}

static void die_at_both_sides(const struct story *story)
{
    static const char *const sides[] = { "before", "after" };
    for (size_t i = 0; i < SPD_COUNT(sides); i++) {
        place = story->place;
        side = sides[i];
        if (!die_in(story))
            fail_msg("nobody comes by %s.%s", place, side);
    }
}

/* Without a door: tests/e2e/crash.test.mjs dies there. */
static const char needs_a_door[] = "file.created";

static void killed_at_each_place_it_prints_the_job_once(void **state)
{
    (void)state;
    for (const char *const *at = crash_places; *at != NULL; at++) {
        unsigned told = strcmp(*at, needs_a_door) == 0;
        for (size_t i = 0; i < SPD_COUNT(stories); i++)
            if (strcmp(stories[i].place, *at) == 0) {
                die_at_both_sides(&stories[i]);
                told++;
            }
        if (told == 0)
            fail_msg("%s has no story yet", *at);
    }
}

/* Notes, claims, steps: whatever a print commits, one after the other. */
static void killed_at_each_commit_it_prints_the_job_once(void **state)
{
    (void)state;
    static const struct story story = {
        "store.commit", NOTHING, "completed", 1, 20, NULL, NULL
    };
    static const char *const sides[] = { "before", "after" };
    for (size_t i = 0; i < SPD_COUNT(sides); i++) {
        char moment[16];
        int commits = 0;
        place = story.place;
        side = moment;
        do
            snprintf(moment, sizeof(moment), "%s:%d", sides[i], ++commits);
        while (die_in(&story));
        assert_in_range(commits, 8, 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            killed_at_each_place_it_prints_the_job_once, set_up,
            stage_tear_down),
        cmocka_unit_test_setup_teardown(
            killed_at_each_commit_it_prints_the_job_once, set_up,
            stage_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
