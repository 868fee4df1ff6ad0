#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "shop/driver.h"
#include "shop/file.h"
#include "shop/notifier.h"

struct stage *the_stage;

enum { MAP_BYTES = 256 << 20, PICTURE_MAX = 200 << 20 };

/* -- building and taking down, as the server does -- */

static void check(bool well, const struct spd_error *err)
{
    if (!well)
        fail_msg("%s", err->text);
}

static void path_in_root(char out[160], const char *name)
{
    snprintf(out, 160, "%s/%s", the.root, name);
}

static void open_store(void)
{
    char folder[160], key[160];
    struct spd_error err = { 0 };
    path_in_root(folder, "data");
    path_in_root(key, "key");
    struct store_options options = {
        .folder = folder,
        .map_bytes = MAP_BYTES,
        .kinds = shop_kinds,
        .kind_count = shop_kind_count,
        .min_free_bytes = 1,
    };
    the.shop.loop = loop_new(&the.clock.clock, &err);
    check(the.shop.loop != NULL, &err);
    the.shop.store = store_open(the.shop.loop, &options, &err);
    check(the.shop.store != NULL, &err);
    the.shop.key = crypt_key_open(key, &err);
    check(the.shop.key != NULL, &err);
}

void build(void)
{
    struct shop *shop = &the.shop;
    struct spd_error err = { 0 };
    open_store();
    shop->tickets = tickets_new(shop->loop);
    shop->ops = ops_new(shop->store);
    shop->drivers = drivers_new();
    shop->notifiers = notifiers_new();
    shop->fleet = fleet_new(shop);
    the.engine = engine_new(shop, &the.options);
    check(shop_add_ops(shop, &err) == SPD_OK, &err);
    check(engine_add_ops(the.engine, &err) == SPD_OK, &err);
    check(drivers_add(shop->drivers, NULL, "machine", &machine_driver, &err) ==
              SPD_OK,
          &err);
    fleet_open(shop->fleet);
    engine_start(the.engine);
    settle();
}

void take_down(void)
{
    struct shop *shop = &the.shop;
    engine_stop(the.engine);
    fleet_close(shop->fleet);
    fleet_free(shop->fleet);
    tickets_end(shop->tickets);
    store_flush(shop->store);
    engine_free(the.engine);
    ops_free(shop->ops);
    notifiers_free(shop->notifiers);
    drivers_free(shop->drivers);
    crypt_key_free(shop->key);
    store_close(shop->store);
    loop_free(shop->loop);
    tickets_free(shop->tickets);
    *shop = (struct shop){ 0 };
}

void restart(void)
{
    take_down();
    build();
}

void *shared_new(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

/* -- power cuts -- */

void take_picture(void)
{
    char data[160], picture[160];
    struct buf bytes = { 0 };
    struct spd_error err = { 0 };
    path_in_root(data, "data/db/data.mdb");
    path_in_root(picture, "picture");
    check(file_read(data, PICTURE_MAX, &bytes, &err) == SPD_OK, &err);
    check(file_write(picture, buf_str(&bytes), 0600, &err) == SPD_OK, &err);
    buf_fini(&bytes);
}

void crash_to_picture(void)
{
    char data[160], picture[160];
    path_in_root(data, "data/db/data.mdb");
    path_in_root(picture, "picture");
    take_down();
    assert_int_equal(rename(picture, data), 0);
    the.power_is_off = false;
    build();
}

void crash(void)
{
    take_picture();
    crash_to_picture();
}

/* -- time -- */

void settle(void)
{
    for (int i = 0; i < 5; i++)
        loop_turn(the.shop.loop, 0);
}

void pass_ms(int64_t ms)
{
    while (ms > 0) {
        int64_t slice_ms = ms < SECOND ? ms : SECOND;
        fake_clock_advance(&the.clock, slice_ms);
        settle();
        ms -= slice_ms;
    }
}

/* -- calling -- */

void trace(const char *fmt, ...)
{
    va_list args;
    if (getenv("SPOOLD_TRACE") == NULL)
        return;
    printf("%8lld ", (long long)the.clock.mono_now_ms);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

static void on_done(void *arg, const struct call_result *result)
{
    (void)arg;
    the.status = result->status;
    buf_clear(&the.reply);
    buf_put(&the.reply, buf_str(result->body));
    buf_put_char(&the.reply, '\0');
    the.reply.len--;
}

static void call_flat(const char *op, const char *text)
{
    struct spd_error err = { 0 };
    struct call_request request = {
        .op = ops_find(the.shop.ops, str_of(op)),
        .actor = { .role = SPD_ADMIN, .person_id = 1, .who = "person/1" },
        .flat = json_parse(str_of(text), &err),
        .done = on_done,
    };
    check(request.flat != NULL, &err);
    the.status = 0;
    ops_call(the.shop.ops, &request);
    settle();
    for (int i = 0; i < 1000 && the.status == 0; i++)
        loop_turn(the.shop.loop, 0); /* it is done in slices */
    trace("%s %s: %d", op, text, the.status);
    assert_int_not_equal(the.status, 0);
}

const char *call(const char *op, const char *fmt, ...)
{
    char text[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    call_flat(op, text);
    return the.reply.ptr;
}

int64_t make(const char *op, const char *fmt, ...)
{
    char text[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    call_flat(op, text);
    if (the.status >= 300)
        fail_msg("%s %s: %d %s", op, text, the.status, the.reply.ptr);
    spd_json *reply = json_parse(buf_str(&the.reply), NULL);
    int64_t id = json_as_int(json_member(reply, "id"), 0);
    json_free(reply);
    return id;
}

/* -- the shop's things -- */

int64_t make_printer(int number, const char *more)
{
    return make("printers.create",
                "{\"name\":\"Printer %d\",\"model\":\"P1S\","
                "\"kind\":\"machine\",\"serial\":\"%d\"%s%s}",
                number, number, more[0] == '\0' ? "" : ",", more);
}

int64_t add_printer(int number)
{
    int64_t id = make_printer(number, "");
    say(number,
        "{\"connection\":\"connected\",\"slots\":[{\"slot\":0,\"loaded\":true,"
        "\"material_type\":\"PLA\",\"color\":\"#FF0000\","
        "\"weight_grams\":1000,\"remaining_pct\":100}]}");
    return id;
}

int64_t add_job(const char *more)
{
    return make("jobs.create", "{\"file_id\":%lld,\"plate\":1%s%s}",
                (long long)the.file_id, more[0] == '\0' ? "" : ",", more);
}

static spd_err run_put_file(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct change change = { "file.created", STR("person/1") };
    return record_put(txn, &file_kind, arg, &change, err);
}

int64_t add_file(const char *plates)
{
    struct file file = { 0 };
    struct spd_error err = { 0 };
    struct faults faults = { 0 };
    struct buf text = { 0 };
    static unsigned number;
    buf_printf(&text,
               "{\"name\":\"part %u.gcode.3mf\",\"sha256\":\"%064x\","
               "\"size\":1000,\"plates\":%s}",
               number, number, plates);
    number++;
    spd_json *json = json_parse(buf_str(&text), &err);
    check(json != NULL, &err);
    struct fields_input input = { .object = json, .trusted = true };
    fields_decode(file_kind.fields, &file, &input, &the.arena, &faults);
    if (faults.count > 0)
        fail_msg("%s", faults.first);
    check(store_write_now(the.shop.store, run_put_file, &file, &err) == SPD_OK,
          &err);
    json_free(json);
    buf_fini(&text);
    settle();
    return file.id;
}

/* -- as far as this -- */

int64_t job_uploading(int number)
{
    say_idle(number, the.machines[number].named);
    int64_t job = add_job("");
    assert_non_null(the.machines[number].upload);
    return job;
}

int64_t job_starting(int number)
{
    int64_t job = job_uploading(number);
    answer_upload(number, SPD_OK);
    assert_non_null(the.machines[number].start);
    return job;
}

int64_t job_printing(int number)
{
    int64_t job = job_starting(number);
    answer_start(number, SPD_OK);
    say_state(number, "printing", the.machines[number].submission, 0);
    assert_job(job, "started", "printing");
    return job;
}

/* -- what is in the store -- */

static void read_record(const struct kind *kind, int64_t id, void *record)
{
    struct spd_error err = { 0 };
    spd_txn *txn = store_read(the.shop.store);
    spd_err rc = record_get(txn, kind, id, record, &the.arena, &err);
    store_read_end(txn);
    check(rc == SPD_OK, &err);
}

struct job read_job(int64_t id)
{
    struct job job;
    read_record(&job_kind, id, &job);
    return job;
}

struct printer read_printer(int64_t id)
{
    struct printer printer;
    read_record(&printer_kind, id, &printer);
    return printer;
}

struct search {
    int64_t job_id, attempt_id;
};

static bool note_attempt(void *arg, const void *record)
{
    struct search *search = arg;
    const struct attempt *attempt = record;
    if (attempt->job_id == search->job_id)
        search->attempt_id = attempt->id;
    return true;
}

struct attempt read_attempt(int64_t job_id)
{
    struct search search = { job_id, 0 };
    struct attempt attempt;
    spd_txn *txn = store_read(the.shop.store);
    record_each(txn, &attempt_kind, &(struct span){ 0 }, note_attempt, &search);
    store_read_end(txn);
    read_record(&attempt_kind, search.attempt_id, &attempt);
    return attempt;
}

static bool count_ours(void *arg, const void *record)
{
    *(size_t *)arg += ((const struct attempt *)record)->job_id != 0;
    return true;
}

size_t count_attempts(void)
{
    size_t count = 0;
    spd_txn *txn = store_read(the.shop.store);
    record_each(txn, &attempt_kind, &(struct span){ 0 }, count_ours, &count);
    store_read_end(txn);
    return count;
}

double grams_in(int64_t printer_id, int64_t slot)
{
    struct material material;
    spd_txn *txn = store_read(the.shop.store);
    bool is_known = material_at(txn, printer_id, slot, &material, &the.arena);
    store_read_end(txn);
    assert_true(is_known);
    return material.remaining_grams;
}

static bool note_topic(void *arg, const struct event *event)
{
    struct buf *topics = arg;
    if (topics->len > 0)
        buf_put_char(topics, ' ');
    buf_put(topics, event->topic);
    return true;
}

const char *news(void)
{
    buf_clear(&the.news);
    spd_txn *txn = store_read(the.shop.store);
    journal_each(txn, the.read_seq, note_topic, &the.news);
    the.read_seq = journal_last(txn);
    store_read_end(txn);
    buf_put_char(&the.news, '\0');
    the.news.len--;
    return the.news.ptr;
}

void assert_job(int64_t id, const char *status, const char *phase)
{
    struct job job = read_job(id);
    assert_string_equal(job_status_names[job.status], status);
    assert_string_equal(job_phase_names[job.phase], phase);
}

/* -- for cmocka -- */

static const char plate[] =
    "[{\"index\":1,\"estimated_seconds\":3600,\"grams\":20,"
    "\"printer_model\":\"P1S\",\"nozzle_diameter_mm\":0.4,"
    "\"slicer_model_id\":\"C12\",\"filaments\":[{\"id\":1,\"type\":\"PLA\","
    "\"color\":\"#ff0000\",\"grams\":20}]}]";

int stage_set_up(void **state)
{
    (void)state;
    if (the_stage == NULL)
        the_stage = shared_new(sizeof(*the_stage));
    memset(the_stage, 0, sizeof(*the_stage));
    log_set_level(SPD_ERROR);
    fake_clock_init(&the.clock, 1767225600000);
    struct stat memory;
    bool has_memory = stat("/dev/shm", &memory) == 0;
    snprintf(the.root, sizeof(the.root), "%s/spoold-test-XXXXXX",
             has_memory ? "/dev/shm" : "/tmp");
    if (!crypt_start() || mkdtemp(the.root) == NULL)
        return 1;
    build();
    the.file_id = add_file(plate);
    news();
    return 0;
}

static void print_breach(void *arg, const char *sentence)
{
    (void)arg;
    print_error("breach: %s\n", sentence);
}

int stage_tear_down(void **state)
{
    (void)state;
    unsigned faults = 0;
    if (the.shop.store == NULL)
        return 1; /* taken down by the test itself, and not well */
    size_t breaches = store_check(the.shop.store, print_breach, NULL) +
                      shop_check(the.shop.store, print_breach, NULL);
    for (int i = 0; i < MACHINES; i++)
        faults += the.machines[i].faults;
    take_down();
    arena_fini(&the.arena);
    buf_fini(&the.reply);
    buf_fini(&the.news);
    file_remove_folder(the.root);
    return breaches == 0 && faults == 0 ? 0 : 1;
}
