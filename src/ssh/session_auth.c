/* SPDX-License-Identifier: MIT */
/* METHODS and AUTH: what the server accepts, and one credential after the other. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/secret.h"
#include "base/trace.h"
#include "model/options.h"
#include "net/agent.h"
#include "ssh/identity.h"
#include "ssh/rsa_sha2.h"
#include "ssh/session_private.h"
#include "ssh/userauth_request.h"

/* Most credentials that are looked at for a host. */
enum { MAX_CANDIDATES = 64 };

/* The credential being tried. */
struct auth_attempt {
    struct session *session;
    const struct credential *credential;
    struct rsa_sha2_offer offer;
    struct agent_request *request; /* NULL where none is under way */
    struct buf signature;
    bool is_signed;
    bool has_failed; /* no signature could be made */
};

/* What METHODS gathers. */
struct auth_gathering {
    struct session *session;
    char *methods;
    struct agent_request *request;
    struct credential candidates[MAX_CANDIDATES];
    size_t count;
    const struct agent_key *agent_keys; /* the agent's */
    size_t agent_key_count;
    struct error unusable; /* why a named key could not be used; the last one */
};

/* Adds a candidate while there is room. */
static void add_candidate(struct auth_gathering *g, const struct credential *c)
{
    if (g->count < MAX_CANDIDATES)
        g->candidates[g->count++] = *c;
}

/* The agent's key with this blob, or NULL. */
static const struct agent_key *find_agent_key(const struct auth_gathering *g,
                                              const unsigned char *blob, size_t size)
{
    for (size_t i = 0; size > 0 && i < g->agent_key_count; i++) {
        if (g->agent_keys[i].size == size && memcmp(g->agent_keys[i].blob, blob, size) == 0)
            return &g->agent_keys[i];
    }
    return NULL;
}

/* Adds one of the agent's keys, if it is of a kind that libssh2 can offer. */
static void add_agent_key(struct auth_gathering *g, const struct agent_key *key)
{
    enum public_key_type type;
    if (!public_key_parse(key->blob, key->size, &type) || type > PUBLIC_KEY_ED25519 ||
        type == PUBLIC_KEY_DSA)
        return;
    add_candidate(g, &(struct credential){ .kind = CREDENTIAL_AGENT_KEY,
                                           .blob = key->blob,
                                           .blob_size = key->size,
                                           .name = key->comment });
}

/* Adds the identity in `path`, through the agent where it holds it. */
static void add_identity(struct auth_gathering *g, const char *path, bool is_named)
{
    struct error err = ERROR_INIT;
    const struct identity *id = identity_store_get(g->session->services->identities, path, &err);
    size_t size = 0;
    const unsigned char *blob = id ? identity_blob(id, &size) : NULL;
    const struct agent_key *held = find_agent_key(g, blob, size);
    if (id && identity_state(id) == IDENTITY_READY)
        add_candidate(g, &(struct credential){ .kind = CREDENTIAL_IDENTITY,
                                               .blob = blob,
                                               .blob_size = size,
                                               .identity = id,
                                               .name = path });
    else if (held)
        add_agent_key(g, held);
    else if (id)
        identity_needs_agent(id, &err);
    if (error_is_set(&err)) {
        trace_debug("%s: %s", g->session->target->info.name, err.text);
        if (is_named || err.code != ERR_FILE)
            error_move(&g->unusable, &err);
    }
    error_release(&err);
}

/* Adds the key files of the settings; ssh's default ones need not exist. */
static void add_identities(struct auth_gathering *g, bool are_named)
{
    const struct path_list *files = &g->session->target->settings->key;
    for (size_t i = 0; i < files->count; i++)
        add_identity(g, files->items[i], are_named);
}

/* All credentials there are for this host, in the order of auth.h. */
static void gather(struct auth_gathering *g)
{
    const struct target *target = g->session->target;
    const struct source source = settings_source(target->settings, options_by_key(AT_HOST, "key"));
    if (source.kind != SOURCE_DEFAULT)
        add_identities(g, true);
    for (size_t i = 0; i < g->agent_key_count; i++)
        add_agent_key(g, &g->agent_keys[i]);
    if (source.kind == SOURCE_DEFAULT)
        add_identities(g, false);
    if (target->password && g->session->withholds_password)
        error_set(&g->unusable, ERR_AUTH, "no password is offered to a host whose key has changed");
    else if (target->password)
        add_candidate(g, &(struct credential){ .kind = CREDENTIAL_PASSWORD,
                                               .password = target->password,
                                               .name = "password" });
}

/* The agent's list has come, or an error; without an agent the rest is tried. */
static void agent_listed(void *arg, const struct agent_key *keys, size_t count,
                         const struct error *error)
{
    struct auth_gathering *g = arg;
    g->request = NULL;
    if (error)
        error_copy(&g->unusable, error);
    g->agent_keys = keys;
    g->agent_key_count = error ? 0 : count;
    session_listen(g->session, true);
    session_wake(g->session);
}

/* The none probe (law 14): what the server accepts. */
static enum step probe_methods(struct session *s)
{
    const char *user = s->target->info.user;
    const char *methods = libssh2_userauth_list(s->ssh, user, (unsigned)strlen(user));
    if (!methods && libssh2_userauth_authenticated(s->ssh))
        return STEP_NEXT;
    if (!methods) {
        /* No list and no error, as after an empty answer, is no login either. */
        int rc = libssh2_session_last_errno(s->ssh);
        enum error_code code = session_is_broken(s) ? ERR_AUTH_CLOSED : ERR_AUTH;
        return ssh_step(s, rc < 0 ? rc : LIBSSH2_ERROR_PROTO, code, "asking for methods");
    }
    s->gathering = xcalloc(1, sizeof *s->gathering);
    s->gathering->session = s;
    s->gathering->methods = xstrdup(methods);
    if (s->services->agent) {
        s->gathering->request = agent_list(s->services->agent, agent_listed, s->gathering);
        session_listen(s, false);
    } else {
        error_copy(&s->gathering->unusable, &s->services->no_agent);
    }
    return STEP_NEXT;
}

enum step session_methods_run(struct session *s)
{
    if (!s->gathering) {
        enum step step = probe_methods(s);
        if (step != STEP_NEXT || !s->gathering)
            return step;
    }
    if (s->gathering->request)
        return STEP_WAIT;
    gather(s->gathering);
    s->auth = auth_new(&(struct auth_args){
        .methods = s->gathering->methods,
        .candidates = s->gathering->candidates,
        .candidate_count = s->gathering->count,
        .preferred = s->services->preferred_key,
        .preferred_size = s->services->preferred_key_size,
    });
    return STEP_NEXT;
}

/* Frees what METHODS gathered. */
static void free_gathering(struct session *s)
{
    if (!s->gathering)
        return;
    agent_abandon(s->gathering->request);
    error_release(&s->gathering->unusable);
    free(s->gathering->methods);
    free(s->gathering);
    s->gathering = NULL;
}

/* Keeps why there is no signature: the error that is left when nothing is accepted tells it. */
static void note_unsigned(struct auth_attempt *a, const struct error *why)
{
    trace_note("%s: %s: %s", a->session->target->info.name, a->credential->name, error_text(why));
    error_copy(&a->session->gathering->unusable, why);
}

/* The agent's signature has come, or an error. */
static void agent_signed(void *arg, const struct agent_signature *signature,
                         const struct error *error)
{
    struct auth_attempt *a = arg;
    a->request = NULL;
    if (error)
        note_unsigned(a, error);
    else
        buf_add(&a->signature, signature->data, signature->size);
    a->has_failed = error != NULL;
    a->is_signed = true;
    session_listen(a->session, true);
    session_wake(a->session);
}

/* Asks the agent to sign; nothing is read from the server meanwhile (law 6). */
static void ask_agent(struct auth_attempt *a, const unsigned char *data, size_t size,
                      const char *algorithm)
{
    const struct agent_sign what = { .blob = a->credential->blob,
                                     .blob_size = a->credential->blob_size,
                                     .data = data,
                                     .data_size = size,
                                     .algorithm = algorithm };
    a->request = agent_sign(a->session->services->agent, &what, agent_signed, a);
    session_listen(a->session, false);
}

/* Makes or asks for the signature of `data`, once it is known to be what it should be. */
static void sign(struct auth_attempt *a, const unsigned char *data, size_t size)
{
    const struct userauth_expected expected = { .user = a->offer.user,
                                                .blob = a->credential->blob,
                                                .blob_size = a->credential->blob_size };
    struct error err = ERROR_INIT;
    const char *algorithm = userauth_request_check(data, size, &expected, &err);
    if (algorithm && strcmp(algorithm, "ssh-rsa") == 0) {
        error_set(&err, ERR_AUTH, "RSA signatures with SHA-1 are not made");
        algorithm = NULL;
    }
    if (algorithm && a->credential->kind == CREDENTIAL_AGENT_KEY) {
        ask_agent(a, data, size, algorithm);
        return;
    }
    a->is_signed = true;
    a->has_failed = !algorithm || !identity_sign(a->credential->identity, algorithm, data, size,
                                                 &a->signature, &err);
    if (a->has_failed)
        note_unsigned(a, &err);
    error_release(&err);
}

/* libssh2's sign callback; called again with the same data while it says EAGAIN (law 10). */
static int on_sign(LIBSSH2_SESSION *ssh, unsigned char **sig, size_t *sig_size,
                   const unsigned char *data, size_t data_size, void **abstract)
{
    (void)ssh;
    struct auth_attempt *a = *abstract;
    if (!a->is_signed && !a->request)
        sign(a, data, data_size);
    if (!a->is_signed)
        return LIBSSH2_ERROR_EAGAIN;
    if (a->has_failed || a->signature.failed)
        return -1;
    *sig = ssh_alloc_get(a->session->alloc, a->signature.size);
    if (!*sig)
        return -1;
    memcpy(*sig, a->signature.data, a->signature.size);
    *sig_size = a->signature.size;
    return 0;
}

/* Begins with a credential. */
static struct auth_attempt *begin_attempt(struct session *s, const struct credential *c)
{
    struct auth_attempt *a = xcalloc(1, sizeof *a);
    enum public_key_type type = PUBLIC_KEY_ED25519;
    a->session = s;
    a->credential = c;
    buf_init(&a->signature, IDENTITY_SIGNATURE_MAX);
    if (c->blob && public_key_parse(c->blob, c->blob_size, &type))
        a->offer = (struct rsa_sha2_offer){
            .user = s->target->info.user,
            .blob = c->blob,
            .blob_size = c->blob_size,
            .algorithm = rsa_sha2_algorithm(public_key_type_name(type)),
        };
    trace_debug("%s: trying %s", s->target->info.name, c->name);
    return a;
}

/* Ends with it, either way. */
static void end_attempt(struct session *s)
{
    struct auth_attempt *a = s->attempt;
    if (!a)
        return;
    agent_abandon(a->request);
    rsa_sha2_offer_release(&a->offer);
    buf_release(&a->signature);
    free(a);
    s->attempt = NULL;
}

/* libssh2's callback: the server wants another password. There is none to give. */
static void on_password_change(LIBSSH2_SESSION *ssh, char **password, int *size, void **abstract)
{
    (void)ssh;
    (void)password;
    (void)size;
    struct session *s = ssh_alloc_owner(abstract);
    session_fail(s, ERR_AUTH_PASSWORD_EXPIRED, "the password has expired");
}

/* One libssh2 call for the credential. */
static int try_credential(struct session *s)
{
    struct auth_attempt *a = s->attempt;
    const char *user = s->target->info.user;
    if (a->credential->blob)
        return rsa_sha2_userauth(s->ssh, s->alloc, &a->offer, on_sign, (void **)&s->attempt);
    const struct secret *password = a->credential->password;
    return libssh2_userauth_password_ex(s->ssh, user, (unsigned)strlen(user), secret_data(password),
                                        (unsigned)secret_size(password), on_password_change);
}

/* Tells the owner, and remembers the key for the next host. */
static enum step succeed(struct session *s)
{
    const struct credential *c = s->attempt->credential;
    struct ssh_services *services = s->services;
    if (c->blob && (services->preferred_key_size != c->blob_size ||
                    memcmp(services->preferred_key, c->blob, c->blob_size) != 0)) {
        services->preferred_key = xrealloc_array(services->preferred_key, c->blob_size, 1);
        memcpy(services->preferred_key, c->blob, c->blob_size);
        services->preferred_key_size = c->blob_size;
    }
    s->listener.on_auth(s->listener.arg, c->blob ? "publickey" : "password");
    return STEP_NEXT;
}

/* Nothing is left to try. */
static enum step fail_all(struct session *s)
{
    char *tried = auth_explain(s->auth);
    const struct error *unusable = &s->gathering->unusable;
    bool offered = auth_has_offered(s->auth);
    session_fail(s, offered ? ERR_AUTH : ERR_AUTH_NO_CREDENTIAL, "%s%s%s%s", tried,
                 error_is_set(unusable) ? " (" : "", error_text(unusable),
                 error_is_set(unusable) ? ")" : "");
    free(tried);
    return STEP_FAIL;
}

/* What a refusal means: the next credential, or the end. */
static enum step judge_refusal(struct session *s, int rc)
{
    if (session_is_broken(s))
        return ssh_step(s, rc, ERR_AUTH_CLOSED, "authentication");
    if (s->is_doomed)
        return STEP_FAIL;
    trace_debug("%s: %s: %s", s->target->info.name, s->attempt->credential->name,
                session_libssh2_text(s));
    end_attempt(s);
    auth_next(s->auth);
    return STEP_AGAIN;
}

enum step session_auth_run(struct session *s)
{
    if (!s->auth) {
        s->listener.on_auth(s->listener.arg, "none");
        return STEP_NEXT;
    }
    const struct credential *c = auth_current(s->auth);
    if (c->kind == CREDENTIAL_END)
        return fail_all(s);
    if (!s->attempt)
        s->attempt = begin_attempt(s, c);
    int rc = try_credential(s);
    if (rc == LIBSSH2_ERROR_EAGAIN)
        return STEP_WAIT;
    return rc == 0 ? succeed(s) : judge_refusal(s, rc);
}

void session_methods_leave(struct session *s)
{
    /* On the way to AUTH the gathering goes along. */
    if (!s->auth)
        free_gathering(s);
}

void session_auth_leave(struct session *s)
{
    end_attempt(s);
    auth_free(s->auth);
    s->auth = NULL;
    free_gathering(s);
}
