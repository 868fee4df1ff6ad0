/* Circuits: no more printers heat up at once than one bears, whoever heats
 * them, and starts come one after the other. */
#include "stage.h"

#include <string.h>

/* -- given -- */

static int64_t printers[MACHINES];

/* Idle printers on one circuit. */
static void given_circuit(const char *members, int count)
{
    int64_t circuit =
        make("circuits.create", "{\"name\":\"Cellar\",%s}", members);
    for (int i = 0; i < count; i++) {
        printers[i] = add_printer(i);
        make("printers.update", "{\"id\":%lld,\"circuit_id\":%lld}",
             (long long)printers[i], (long long)circuit);
    }
}

static void all_idle(int count)
{
    for (int i = 0; i < count; i++)
        say_idle(i, "");
}

static void heat(int machine, double bed, double target)
{
    say(machine,
        "{\"nozzle_celsius\":25,\"nozzle_target_celsius\":0,"
        "\"bed_celsius\":%g,\"bed_target_celsius\":%g}",
        bed, target);
}

/* From the upload to a print that is hot. */
static void get_going(int machine)
{
    answer_upload(machine, SPD_OK);
    answer_start(machine, SPD_OK);
    say_state(machine, "preparing", the.machines[machine].submission, 0);
}

static void get_hot(int machine)
{
    say(machine, "{\"full\":true,\"state\":\"printing\",\"nozzle_celsius\":219,"
                 "\"nozzle_target_celsius\":220,\"bed_celsius\":60,"
                 "\"bed_target_celsius\":60}");
}

static int uploads(void)
{
    int count = 0;
    for (int i = 0; i < MACHINES; i++)
        count += the.machines[i].upload != NULL;
    return count;
}

static void assert_why(int machine, const char *words)
{
    const char *reply =
        call("printers.why", "{\"id\":%lld}", (long long)printers[machine]);
    if (strstr(reply, words) == NULL)
        fail_msg("\"%s\" is not in %s", words, reply);
}

/* -- heat -- */

static void the_next_print_waits_until_the_first_one_is_hot(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":1", 2);
    all_idle(2);
    add_job("");
    int64_t next = add_job("");
    get_going(0);
    assert_job(next, "queued", "waiting");
    assert_why(1, "\"code\":\"circuit_full\",\"text\":\"its circuit (Cellar) "
                  "bears 1 that heats up at once, and these do or are about "
                  "to: Printer 0\"");
    heat(0, 40, 60);
    say_state(0, "printing", the.machines[0].submission, 0);
    assert_job(next, "queued", "waiting");
    get_hot(0);
    assert_job(next, "queued", "uploading");
    assert_non_null(the.machines[1].upload);
}

static void of_many_idle_printers_only_so_many_are_given_a_job(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":2", 4);
    for (int i = 0; i < 4; i++)
        add_job("");
    all_idle(4);
    assert_int_equal(uploads(), 2);
    restart();
    all_idle(4);
    assert_int_equal(uploads(), 2);
}

static void jobs_that_wait_for_a_pass_together_are_counted_in_it(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":2", 4);
    make("hours.create",
         "{\"name\":\"Q\",\"kind\":\"quiet\",\"from\":\"00:00\","
         "\"to\":\"00:00\"}");
    all_idle(4);
    for (int i = 0; i < 4; i++)
        add_job("");
    assert_int_equal(uploads(), 0);
    make("hours.delete", "{\"id\":1}");
    assert_int_equal(uploads(), 2);
}

static void a_printer_heated_by_hand_counts(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":1", 2);
    all_idle(2);
    heat(1, 25, 60);
    int64_t job = add_job("\"printer_id\":1");
    assert_job(job, "queued", "waiting");
    assert_why(0, "about to: Printer 1");
    heat(1, 58, 60); /* it is kept warm */
    assert_job(job, "queued", "uploading");
}

/* A print there takes no more power than it takes already. */
static void a_printer_heated_by_hand_may_print_itself(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":1", 2);
    all_idle(2);
    heat(1, 25, 60);
    add_job("");
    assert_null(the.machines[0].upload);
    assert_non_null(the.machines[1].upload);
}

static void a_print_started_by_hand_counts(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":1", 2);
    all_idle(2);
    say_state(1, "preparing", "by-hand", 0);
    heat(1, 25, 60);
    int64_t job = add_job("");
    assert_job(job, "queued", "waiting");
    heat(1, 60, 60);
    assert_job(job, "queued", "uploading");
}

static void heat_that_comes_during_an_upload_keeps_the_start_back(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":1", 2);
    all_idle(2);
    int64_t job = add_job("");
    heat(1, 25, 60);
    answer_upload(0, SPD_OK);
    assert_starts(0, 0);
    assert_job(job, "queued", "uploaded");
    assert_why(0, "it is at job 1, which is uploaded and waits for its start: "
                  "its circuit (Cellar) bears 1");
    pass_ms(30 * SECOND);
    assert_starts(0, 0);
    assert_int_equal(the.machines[0].refreshes, 0);
    heat(1, 60, 60);
    say_idle(0, "");
    assert_starts(0, 1);
    assert_int_equal(the.machines[0].uploads, 1);
}

static void those_that_wait_longest_for_their_start_go_first(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":2", 4);
    all_idle(2);
    add_job("");
    add_job("");
    heat(2, 25, 60);
    heat(3, 25, 60);
    answer_upload(1, SPD_OK);
    answer_upload(0, SPD_OK);
    assert_starts(0, 0);
    assert_starts(1, 0);
    heat(3, 60, 60);
    assert_starts(0, 1);
    assert_starts(1, 0);
    heat(2, 60, 60);
    assert_starts(1, 1);
}

static void uploads_that_end_together_are_counted_one_by_one(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":2", 3);
    all_idle(2);
    add_job("");
    add_job("");
    heat(2, 25, 60);
    for (int i = 0; i < 2; i++) {
        ticket_finish(the.shop.tickets, the.machines[i].upload, STR(""), NULL);
        the.machines[i].upload = NULL;
    }
    settle();
    assert_int_equal(the.machines[0].starts + the.machines[1].starts, 1);
}

static void the_second_print_of_a_printer_counts_like_the_first(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":1", 2);
    all_idle(1);
    add_job("\"copies\":2");
    get_going(0);
    get_hot(0);
    say_state(0, "finished", the.machines[0].submission, 100);
    make("printers.plate_cleared", "{\"id\":1}");
    get_going(0);
    assert_starts(0, 2);
    say_idle(1, "");
    int64_t next = add_job("");
    assert_job(next, "queued", "waiting");
    get_hot(0);
    assert_job(next, "queued", "uploading");
}

static void an_attempt_that_is_tried_again_waits_as_well(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":1", 2);
    all_idle(1);
    int64_t job = add_job("");
    answer_upload(0, SPD_OK);
    heat(1, 25, 60);
    answer_start(0, SPD_EINVAL);
    for (int i = 0; i < 12; i++) {
        pass_ms(30 * SECOND);
        heat(1, 25 + i, 60);
        say_idle(0, "");
    }
    assert_starts(0, 1);
    assert_job(job, "queued", "waiting");
    heat(1, 60, 60);
    answer_upload(0, SPD_OK);
    assert_starts(0, 2);
}

static void a_start_that_is_refused_makes_room(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":1", 2);
    all_idle(2);
    add_job("\"printer_id\":1");
    int64_t other = add_job("\"printer_id\":2");
    answer_upload(0, SPD_OK);
    assert_job(other, "queued", "waiting");
    answer_start(0, SPD_EINVAL);
    assert_job(other, "queued", "uploading");
}

static void a_printer_lost_while_it_heats_counts_for_a_while(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":1", 2);
    all_idle(2);
    heat(1, 25, 60);
    say_offline(1);
    int64_t job = add_job("");
    pass_ms(9 * MINUTE);
    say_offline(1); /* tried again */
    assert_job(job, "queued", "waiting");
    pass_ms(MINUTE);
    assert_job(job, "queued", "uploading");
}

static void a_print_that_is_never_seen_to_be_hot_counts_for_a_while(void **s)
{
    (void)s;
    given_circuit("\"heating_max\":1", 2);
    all_idle(2);
    add_job("");
    int64_t next = add_job("");
    get_going(0);
    pass_ms(9 * MINUTE);
    assert_job(next, "queued", "waiting");
    pass_ms(MINUTE);
    assert_job(next, "queued", "uploading");
}

static void a_printer_without_thermometers_is_hot_when_it_prints(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":1", 2);
    all_idle(2);
    add_job("");
    int64_t next = add_job("");
    get_going(0);
    assert_job(next, "queued", "waiting");
    say_state(0, "printing", the.machines[0].submission, 1);
    assert_job(next, "queued", "uploading");
}

static void a_restart_forgets_no_print_that_heats_up(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":1", 2);
    all_idle(2);
    add_job("");
    int64_t next = add_job("");
    get_going(0);
    crash();
    say_idle(1, "");
    assert_job(next, "queued", "waiting");
    heat(0, 40, 60);
    say_state(0, "printing", the.machines[0].submission, 0);
    assert_job(next, "queued", "waiting");
    get_hot(0);
    assert_job(next, "queued", "uploading");
}

static void other_circuits_are_no_matter(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":1", 1);
    add_printer(1);
    heat(0, 25, 60);
    say_idle(1, "");
    add_job("");
    assert_non_null(the.machines[1].upload);
}

static void a_limit_that_is_raised_lets_them_go(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":1", 3);
    all_idle(2);
    int64_t job = add_job("");
    int64_t next = add_job("");
    heat(2, 25, 60);
    answer_upload(0, SPD_OK);
    assert_job(job, "queued", "uploaded");
    assert_job(next, "queued", "waiting");
    make("circuits.update", "{\"id\":1,\"heating_max\":null}");
    assert_starts(0, 1);
    assert_job(next, "queued", "uploading");
}

static void a_job_is_cancelled_while_it_waits_for_its_start(void **state)
{
    (void)state;
    given_circuit("\"heating_max\":1", 2);
    all_idle(1);
    int64_t job = add_job("");
    heat(1, 25, 60);
    answer_upload(0, SPD_OK);
    make("jobs.cancel", "{\"print_id\":%lld}", (long long)job);
    assert_job(job, "cancelled", "done");
    heat(1, 60, 60);
    assert_starts(0, 0);
}

/* -- stagger -- */

static void starts_come_one_after_the_other(void **state)
{
    (void)state;
    given_circuit("\"stagger_seconds\":30", 3);
    for (int i = 0; i < 3; i++)
        add_job("");
    all_idle(3);
    assert_int_equal(uploads(), 3); /* meanwhile they may be uploaded */
    for (int i = 0; i < 3; i++)
        answer_upload(i, SPD_OK);
    assert_starts(0, 1);
    assert_starts(1, 0);
    assert_why(1, "waits for its start: on its circuit (Cellar) prints start "
                  "30 s apart; its turn comes in 30 s");
    assert_why(2, "its turn comes in 60 s");
    pass_ms(29 * SECOND);
    all_idle(3);
    assert_starts(1, 0);
    pass_ms(SECOND);
    assert_starts(1, 1);
    assert_starts(2, 0);
    pass_ms(29 * SECOND);
    all_idle(3);
    assert_starts(2, 0);
    pass_ms(SECOND);
    assert_starts(2, 1);
}

static void a_job_is_not_chosen_long_before_its_turn(void **state)
{
    (void)state;
    given_circuit("\"stagger_seconds\":600", 2);
    all_idle(2);
    add_job("");
    int64_t next = add_job("");
    assert_job(next, "queued", "waiting");
    answer_upload(0, SPD_OK);
    assert_why(1, "\"code\":\"staggered\"");
    assert_why(1, "its turn comes in 600 s");
    pass_ms(539 * SECOND);
    assert_job(next, "queued", "waiting");
    pass_ms(SECOND);
    assert_job(next, "queued", "uploading");
    answer_upload(1, SPD_OK);
    pass_ms(59 * SECOND);
    say_idle(1, "");
    assert_starts(1, 0);
    pass_ms(SECOND);
    assert_starts(1, 1);
}

static void a_restart_does_not_shorten_the_wait(void **state)
{
    (void)state;
    given_circuit("\"stagger_seconds\":600", 2);
    all_idle(2);
    add_job("");
    int64_t next = add_job("");
    answer_upload(0, SPD_OK);
    pass_ms(100 * SECOND);
    crash();
    all_idle(2);
    assert_job(next, "queued", "waiting");
    assert_why(1, "its turn comes in 500 s");
    pass_ms(440 * SECOND);
    assert_job(next, "queued", "uploading");
}

static void a_clock_set_back_does_not_lengthen_the_wait(void **state)
{
    (void)state;
    given_circuit("\"stagger_seconds\":600", 2);
    all_idle(2);
    add_job("");
    add_job("");
    answer_upload(0, SPD_OK);
    the.clock.wall_now_ms -= 24LL * 3600 * SECOND;
    restart();
    all_idle(2);
    assert_why(1, "its turn comes in 600 s");
}

/* -- what is asked -- */

static void what_cannot_be_a_circuit_is_said(void **state)
{
    static const struct {
        const char *op, *input;
        int status;
        const char *words;
    } rows[] = {
        { "circuits.create", "{}", 400, "name is required" },
        { "circuits.create", "{\"name\":\"A\",\"heating_max\":0}", 400,
          "heating_max" },
        { "circuits.create", "{\"name\":\"A\",\"heating_max\":-2}", 400,
          "heating_max" },
        { "circuits.create", "{\"name\":\"A\",\"stagger_seconds\":4000}", 400,
          "stagger_seconds" },
        { "circuits.create", "{\"name\":\"Cellar\"}", 409, "the same name" },
        { "circuits.update", "{\"id\":9,\"name\":\"B\"}", 404, "no circuit 9" },
        { "circuits.delete", "{\"id\":1}", 409, "printer 1 hangs on it" },
        { "circuits.delete", "{\"id\":9}", 404, "no circuit 9" },
        { "printers.update", "{\"id\":1,\"circuit_id\":9}", 400,
          "there is no circuit 9" },
    };
    (void)state;
    given_circuit("\"heating_max\":1", 1);
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        const char *reply = call(rows[i].op, "%s", rows[i].input);
        if (the.status != rows[i].status ||
            strstr(reply, rows[i].words) == NULL)
            fail_msg("row %zu: %d %s", i, the.status, reply);
    }
    make("printers.update", "{\"id\":1,\"circuit_id\":null}");
    make("circuits.delete", "{\"id\":1}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(the_next_print_waits_until_the_first_one_is_hot),
        A_TEST(of_many_idle_printers_only_so_many_are_given_a_job),
        A_TEST(jobs_that_wait_for_a_pass_together_are_counted_in_it),
        A_TEST(a_printer_heated_by_hand_counts),
        A_TEST(a_printer_heated_by_hand_may_print_itself),
        A_TEST(a_print_started_by_hand_counts),
        A_TEST(heat_that_comes_during_an_upload_keeps_the_start_back),
        A_TEST(those_that_wait_longest_for_their_start_go_first),
        A_TEST(uploads_that_end_together_are_counted_one_by_one),
        A_TEST(the_second_print_of_a_printer_counts_like_the_first),
        A_TEST(an_attempt_that_is_tried_again_waits_as_well),
        A_TEST(a_start_that_is_refused_makes_room),
        A_TEST(a_printer_lost_while_it_heats_counts_for_a_while),
        A_TEST(a_print_that_is_never_seen_to_be_hot_counts_for_a_while),
        A_TEST(a_printer_without_thermometers_is_hot_when_it_prints),
        A_TEST(a_restart_forgets_no_print_that_heats_up),
        A_TEST(other_circuits_are_no_matter),
        A_TEST(a_limit_that_is_raised_lets_them_go),
        A_TEST(a_job_is_cancelled_while_it_waits_for_its_start),
        A_TEST(starts_come_one_after_the_other),
        A_TEST(a_job_is_not_chosen_long_before_its_turn),
        A_TEST(a_restart_does_not_shorten_the_wait),
        A_TEST(a_clock_set_back_does_not_lengthen_the_wait),
        A_TEST(what_cannot_be_a_circuit_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
