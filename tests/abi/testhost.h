/* A host in memory, to test a plugin in a few lines.
 *
 *     #include "testhost.h"
 *     extern const struct spd_plugin_desc spd_plugin_desc;
 *
 *     static void a_bell_rings_when_a_print_is_done(void **state)
 *     {
 *         struct testhost *host = testhost_new(&spd_plugin_desc,
 *                                              "url", "http://bell/", NULL);
 *         testhost_deliver(host, "print.finished", "{'job_name': 'cup'}");
 *         assert_string_equal(testhost_fetch(host, 0)->url, "http://bell/");
 *         testhost_answer(host, 0, 200, "");
 *         testhost_free(host);
 *     }
 *
 * Link the test with the plugin's objects, testhost.c and the host's JSON.
 * There is no network, no disk, no sleep and no thread: work submitted to the
 * pool runs on the loop, the loop runs when told, and the clock stands still
 * until it is advanced.  (For a test against a real peer, see the end.)
 *
 * The host holds the plugin to the rules: a ticket finished twice, a call not
 * answered, a borrowed pointer freed, or anything left over at the end (a
 * registration the host may not undo, a document, a writer, a ticket) ends the
 * test with a sentence on stderr.  Knows nothing of the real server.
 *
 * JSON handed in may use ' for ".  Text handed out is borrowed until the host
 * is freed.  Call everything from one thread. */
#ifndef SPD_TESTHOST_H
#define SPD_TESTHOST_H

#include <spoold/plugin.h>

struct testhost;

/* ---------------------------------------------------- life and time --- */

/* Fill the plugin's configuration from name, value, ..., NULL (as a user
 * would write them; the rest are the keys' fallbacks) and start it.  Ends the
 * test when the plugin does not start. Owned: testhost_free. */
struct testhost *testhost_new(const struct spd_plugin_desc *desc, ...);

/* As testhost_new, for a plugin that shall refuse: what it said in *err. */
spd_err testhost_try(const struct spd_plugin_desc *desc, struct spd_error *err,
                     ...);

/* Stop the plugin, check that nothing is left, and end the host. */
void testhost_free(struct testhost *host);

spd_plugin *testhost_plugin(struct testhost *host);

/* Run what was posted and submitted until there is no more of it. */
void testhost_run(struct testhost *host);

/* Let time pass: timers run in order, each at its time. */
void testhost_advance_ms(struct testhost *host, int64_t ms);
int64_t testhost_now_ms(const struct testhost *host);
/* Set the wall clock, which then goes on with the other one. */
void testhost_set_wall_ms(struct testhost *host, int64_t wall_ms);

/* Forget the rules once: the `nth` call from now of the plugin into `what`
 * ("post", "submit", "put", "emit", "fetch") fails. */
void testhost_fail(struct testhost *host, const char *what, int nth);

/* ------------------------------------------------ what it said and did */

/* All lines logged so far, "warn: text\n". */
const char *testhost_log(struct testhost *host);
/* The value of a metric; 0 before it was made. */
double testhost_metric(const struct testhost *host, const char *name);

/* A value in the store, a secret as "sealed " and unreadable text; NULL when
 * there is none. */
const char *testhost_stored(const struct testhost *host, const char *key);
void testhost_store(struct testhost *host, const char *key, const char *value);

/* The JSON the host gives to plugins, for tests of a plugin's parts; documents
 * made with it are not counted. Static. */
const struct spd_json_api *testhost_json(void);
/* Parse JSON with ' for "; ends the test when it is none. Owned: free. */
spd_json *testhost_parse(const char *text);

/* ----------------------------------------------------------- events --- */

/* Deliver an event to the plugin's subscriptions; answers how many took it. */
size_t testhost_deliver(struct testhost *host, const char *topic,
                        const char *payload);
/* "topic payload" of the i-th event the plugin emitted; NULL behind the last.
 */
const char *testhost_emitted(const struct testhost *host, size_t i);
/* How far a durable subscription has come. */
int64_t testhost_cursor(const struct testhost *host, const char *cursor);

/* ------------------------------------------------------- operations --- */

/* Call an operation of the plugin. The JSON it answered, or "error CODE text".
 */
const char *testhost_call(struct testhost *host, const char *name,
                          const char *args);
/* Begin a call that is answered later. Owned by the host. */
spd_call *testhost_begin_call(struct testhost *host, const char *name,
                              const char *args);
/* Visit a hook of the plugin; args as in ops->hook. */
spd_call *testhost_visit(struct testhost *host, const char *hook,
                         const char *args);
/* What it was answered, as by testhost_call; NULL while it waits. */
const char *testhost_answer_of(const spd_call *call);
/* "name args" of the i-th call of the plugin's own; NULL behind the last. */
const char *testhost_called(const struct testhost *host, size_t i);
/* What the plugin's own calls of operations named `name` shall be answered. */
void testhost_when_called(struct testhost *host, const char *name,
                          const char *result);

/* ------------------------------------------------------------ fetch --- */

struct testhost_fetch {
    const char *method, *url, *headers, *body; /* headers end in \n each */
    int64_t timeout_ms;
    uint32_t flags;
    bool answered;
};

size_t testhost_fetches(const struct testhost *host);
const struct testhost_fetch *testhost_fetch(const struct testhost *host,
                                            size_t i);
/* Answer the i-th request; status 0 is a peer that was not reached. */
void testhost_answer(struct testhost *host, size_t i, int status,
                     const char *body);
/* With headers, "name: value\n" each. */
void testhost_answer_with(struct testhost *host, size_t i, int status,
                          const char *headers, const char *body);

/* From now on no address may be connected to, and why (static); NULL: all. */
void testhost_refuse(struct testhost *host, const char *why);

/* ------------------------------------------------------------ roles --- */

/* The roles the plugin has registered; NULL without one of this kind. */
const struct spd_printer_driver *testhost_driver(const struct testhost *host,
                                                 const char *kind);
const struct spd_order_source *testhost_source(const struct testhost *host,
                                               const char *kind);
const struct spd_notifier *testhost_notifier(const struct testhost *host,
                                             const char *kind);
const struct spd_scheduler *testhost_scheduler(const struct testhost *host,
                                               const char *kind);

/* A promise for the plugin to keep. Owned by the host. */
spd_ticket *testhost_ticket(struct testhost *host);
bool testhost_is_finished(const spd_ticket *ticket);
/* Valid once it is finished. */
spd_err testhost_outcome(const spd_ticket *ticket);
const char *testhost_outcome_text(const spd_ticket *ticket);
const char *testhost_outcome_cursor(const spd_ticket *ticket);
/* The i-th order put under this ticket, as JSON; NULL behind the last. */
const char *testhost_order(const spd_ticket *ticket, size_t i);

/* Open a printer with the driver of this kind. Ends the test on failure.
 * Close it with testhost_printer_close, or leave that to testhost_free. */
spd_printer *testhost_printer_open(struct testhost *host, const char *kind,
                                   const char *settings);
void testhost_printer_close(spd_printer *printer);
/* Start a step, with the words of struct spd_printer_driver. */
spd_ticket *testhost_printer_command(spd_printer *printer, const char *json);
spd_ticket *testhost_printer_upload(spd_printer *printer, const char *json);
void testhost_printer_upload_abort(spd_printer *printer);
spd_ticket *testhost_printer_start(spd_printer *printer, const char *json);

/* The i-th report, as JSON; NULL behind the last. */
const char *testhost_report(const spd_printer *printer, size_t i);
size_t testhost_reports(const spd_printer *printer);
/* The member as it is after all reports so far, as JSON text ("\"idle\"",
 * "3"); "" when it was never told. */
const char *testhost_printer_is(spd_printer *printer, const char *member);
int64_t testhost_sent_bytes(const spd_printer *printer);

/* ---------------------------------------------- against a real peer --- */

/* From now on the clock is the real one, and work runs on threads.
 * testhost_advance_ms still lets time jump ahead. */
void testhost_go_real(struct testhost *host);

/* Turn the loop, timers and watched descriptors until `is_true(arg)`, for at
 * most `timeout_ms` of real time.  Answers whether it came true. */
bool testhost_wait(struct testhost *host, bool (*is_true)(void *arg), void *arg,
                   int64_t timeout_ms);

#endif
