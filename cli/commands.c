/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <string.h>

#include "cli/verbs.h"

/* The tables read top to bottom as the manual does. */
/* clang-format off */

const struct cli_option cli_global_options[] = {
  {.name = "url", .value = "URL", .help = "the server; else GODWIT_URL, else the config file, else http://127.0.0.1:8080"},
  {.name = "api-key", .value = "KEY", .help = "else GODWIT_API_KEY, else the config file; prefer those two: other users can see a command line"},
  {.name = "project", .value = "PROJECT", .help = "else GODWIT_PROJECT, else the config file, else default"},
  {.name = "profile", .value = "PROFILE", .help = "a login of the config file by name; else GODWIT_PROFILE, else the one of `godwit profile use`"},
  {.name = "json", .help = "print the server's JSON, one document, instead of tables"},
  {.name = "help", .help = "say what a command does, and stop"},
  {0},
};

#define OPTION_YES {.name = "yes", .help = "do not ask; needed where there is no terminal to ask on"}
#define OPTION_PSK_ID {.name = "psk-id", .value = "IDENTITY", .help = "PSK identity; NAME@PROJECT when not given"}
#define OPTION_PSK {.name = "psk", .value = "KEY", .help = "the key as text; '-' reads it from standard input; a random one when not given"}

#define OPTION_WAIT {.name = "wait", .help = "show how it gets on, until every device is updated or has failed"}
#define OPTION_TIMEOUT {.name = "timeout", .value = "SECONDS", .help = "with --wait: no longer than this"}
#define OPTION_FORCE {.name = "force", .help = "even though devices are known that cannot run it"}
#define DEVICE_ARGUMENT {.name = "DEVICE", .help = "name or id"}
#define ARTIFACT_ARGUMENT {.name = "ARTIFACT", .help = "PACKAGE@VERSION or id"}
#define RELEASE_ARGUMENT {.name = "RELEASE", .help = "name, id or sequence number"}

static const struct cli_argument takes_name[] = {{.name = "NAME", .help = "its name"}, {0}};
static const struct cli_argument takes_device[] = {DEVICE_ARGUMENT, {0}};
static const struct cli_argument takes_device_tags[] = {DEVICE_ARGUMENT, {.name = "TAG", .help = "names or ids of tags", .repeats = true}, {0}};
static const struct cli_argument takes_credential[] = {DEVICE_ARGUMENT, {.name = "CREDENTIAL", .help = "PSK identity or id"}, {0}};
static const struct cli_argument takes_blueprint[] = {{.name = "BLUEPRINT", .help = "name or id"}, {0}};
static const struct cli_argument takes_tag[] = {{.name = "TAG", .help = "name or id"}, {0}};
static const struct cli_argument takes_project[] = {{.name = "PROJECT", .help = "its id; the current one when not given", .optional = true}, {0}};
static const struct cli_argument takes_project_name[] = {{.name = "PROJECT", .help = "its id"}, {0}};
static const struct cli_argument takes_artifact[] = {ARTIFACT_ARGUMENT, {0}};
static const struct cli_argument takes_release[] = {RELEASE_ARGUMENT, {0}};
static const struct cli_argument takes_api_key[] = {{.name = "APIKEY", .help = "name or id, not the key itself"}, {0}};
static const struct cli_argument takes_file[] = {{.name = "FILE", .help = "the file to send", .complete = CLI_COMPLETE_FILE}, {0}};
static const struct cli_argument takes_model[] = {{.name = "FILE", .help = "a .tflite file, with or without a label header line", .complete = CLI_COMPLETE_FILE}, {0}};

static const struct cli_argument takes_evaluation[] = {ARTIFACT_ARGUMENT, {.name = "EVALUATION", .help = "its id: show this one whole", .optional = true}, {0}};
static const struct cli_argument takes_model_or_artifact[] = {{.name = "MODEL", .help = "a .tflite file, or PACKAGE@VERSION on the server", .complete = CLI_COMPLETE_FILE}, {0}};

static const struct cli_option yes_options[] = {OPTION_YES, {0}};
static const struct cli_option credential_options[] = {
  {.name = "psk-id", .value = "IDENTITY", .help = "PSK identity; NAME-RANDOM@PROJECT when not given"},
  OPTION_PSK,
  {0},
};

static const struct cli_option project_create_options[] = {
  {.name = "id", .value = "ID", .help = "short name for addresses and PSK identities; made from NAME when not given"},
  {0},
};
static const struct cli_argument takes_certificate[] = {{.name = "CERTIFICATE", .help = "its id, see `godwit certificate list`"}, {0}};
static const struct cli_argument takes_revocation[] = {{.name = "REVOCATION", .help = "its id, see `godwit certificate revoked`"}, {0}};
static const struct cli_argument takes_certificate_file[] = {{.name = "FILE", .help = "the CA's certificate, PEM or DER", .complete = CLI_COMPLETE_FILE}, {0}};
static const struct cli_option project_set_options[] = {
  {.name = "name", .value = "NAME", .help = "what people call it"},
  {.name = "auto-provision", .value = "on|off", .help = "a right certificate of an unknown device makes the device"},
  {.name = "auto-provision-max", .value = "COUNT", .help = "so many devices at most are made so"},
  {.name = "certificate-days", .value = "DAYS", .help = "how long a certificate holds that the project's own CA issues"},
  {0},
};
static const struct cli_option ca_create_options[] = {
  {.name = "name", .value = "NAME", .help = "CN of its subject; 'Godwit device CA' when not given"},
  {.name = "days", .value = "DAYS", .help = "how long it holds; ten years when not given"},
  {.name = "output", .value = "FILE", .help = "its certificate as a PEM file", .complete = CLI_COMPLETE_FILE},
  {0},
};
static const struct cli_option certificate_add_options[] = {
  {.name = "intermediate", .help = "it was issued by another CA"},
  {.name = "output", .value = "FILE", .help = "as the server has it, a PEM file", .complete = CLI_COMPLETE_FILE},
  {0},
};
static const struct cli_option certificate_show_options[] = {
  {.name = "output", .value = "FILE", .help = "as a PEM file", .complete = CLI_COMPLETE_FILE},
  {0},
};
static const struct cli_option certificate_revoke_options[] = {
  {.name = "file", .value = "FILE", .help = "this certificate, PEM or DER", .complete = CLI_COMPLETE_FILE},
  {.name = "serial", .value = "HEX", .help = "the certificates of this serial number, of any CA of the project"},
  {.name = "fingerprint", .value = "HEX", .help = "the certificate whose DER has this SHA-256"},
  {.name = "device", .value = "DEVICE", .help = "all that this device has come with or was issued"},
  {0},
};
static const struct cli_option device_create_options[] = {
  {.name = "blueprint", .value = "BLUEPRINT", .help = "what hardware it is: name or id"},
  {.name = "tag", .value = "TAG", .help = "name or id; may be repeated", .repeats = true},
  {.name = "hardware-id", .value = "ID", .help = "serial number or the like; may be repeated", .repeats = true},
  OPTION_PSK_ID,
  OPTION_PSK,
  {.name = "no-credential", .help = "create no key; `godwit credential add` makes one later"},
  {0},
};
static const struct cli_option device_list_options[] = {
  {.name = "blueprint", .value = "BLUEPRINT", .help = "only these"},
  {.name = "tag", .value = "TAG", .help = "only devices with this tag"},
  {0},
};
static const struct cli_option history_options[] = {
  {.name = "package", .value = "PACKAGE", .help = "only this package"},
  {.name = "limit", .value = "COUNT", .help = "so many, the newest; 50 when not given"},
  {0},
};
static const struct cli_option events_options[] = {
  {.name = "device", .value = "DEVICE", .help = "only this device: name or id"},
  {.name = "package", .value = "PACKAGE", .help = "only this package"},
  {.name = "limit", .value = "COUNT", .help = "so many, the newest; 50 when not given"},
  {0},
};
static const struct cli_option blueprint_create_options[] = {
  {.name = "platform", .value = "TEXT", .help = "a note: esp-idf, zephyr, ..."},
  {.name = "board", .value = "TEXT", .help = "a note: the board's id"},
  {0},
};
#define SIGNING_OPTIONS \
  {.name = "sequence", .value = "NUMBER", .help = "when signing: newer is larger; the seconds since 1970 when not given"}, \
  {.name = "floor", .value = "NUMBER", .help = "when signing: devices that run it take nothing below any more"}, \
  {.name = "only-project", .value = "ID", .help = "when signing: holds for devices of this project only"},
static const struct cli_option artifact_upload_options[] = {
  {.name = "package", .value = "PACKAGE", .help = "what it is to the device: model, main, ...", .required = true},
  {.name = "version", .value = "VERSION", .help = "semantic version, 1.0.0", .required = true},
  {.name = "blueprint", .value = "BLUEPRINT", .help = "only for this hardware: name or id"},
  {.name = "force-binary", .help = "not a model: firmware or an asset, taken as it is"},
  {.name = "sign", .value = "KEY", .help = "sign it: a PEM file, or a pkcs11: URL", .complete = CLI_COMPLETE_FILE},
  SIGNING_OPTIONS
  {0},
};
static const struct cli_option artifact_sign_options[] = {
  {.name = "key", .value = "KEY", .help = "a PEM file, or a pkcs11: URL", .complete = CLI_COMPLETE_FILE},
  {.name = "file", .value = "FILE", .help = "the artifact's bytes; else those that the server has are signed", .complete = CLI_COMPLETE_FILE},
  {.name = "signature", .value = "FILE", .help = "instead of a key: what `godwit key sign` wrote", .complete = CLI_COMPLETE_FILE},
  {.name = "blueprint", .value = "BLUEPRINT", .help = "the one made for it: name or id"},
  SIGNING_OPTIONS
  {0},
};
static const struct cli_option key_create_options[] = {
  {.name = "passphrase", .help = "encrypt the file; it is GODWIT_KEY_PASSPHRASE, or asked for"},
  {0},
};
static const struct cli_option key_public_options[] = {
  {.name = "output", .value = "FILE", .help = "as a PEM file", .complete = CLI_COMPLETE_FILE},
  {0},
};
static const struct cli_option key_sign_options[] = {
  {.name = "key", .value = "KEY", .help = "a PEM file, or a pkcs11: URL", .required = true, .complete = CLI_COMPLETE_FILE},
  {.name = "package", .value = "PACKAGE", .help = "as it will be uploaded", .required = true},
  {.name = "version", .value = "VERSION", .help = "as it will be uploaded", .required = true},
  {.name = "output", .value = "FILE", .help = "the signature", .required = true, .complete = CLI_COMPLETE_FILE},
  SIGNING_OPTIONS
  {0},
};
static const struct cli_option key_verify_options[] = {
  {.name = "key", .value = "KEY", .help = "it must be signed by this one: public, private, or a pkcs11: URL", .complete = CLI_COMPLETE_FILE},
  {.name = "file", .value = "FILE", .help = "it must be of these bytes", .complete = CLI_COMPLETE_FILE},
  {0},
};
#define KEYSET_OPTIONS \
  {.name = "key", .value = "KEY", .help = "signs it; in the set before. A PEM file, or a pkcs11: URL", .required = true, .complete = CLI_COMPLETE_FILE}, \
  {.name = "add", .value = "KEY", .help = "a further key, its public half is enough; may be repeated", .repeats = true, .complete = CLI_COMPLETE_FILE}, \
  {.name = "floor", .value = "NUMBER", .help = "devices refuse all that was signed with less"}, \
  {.name = "only-project", .value = "ID", .help = "holds for devices of this project only"}, \
  {.name = "after", .value = "FILE", .help = "the set before, instead of the server's newest", .complete = CLI_COMPLETE_FILE}, \
  {.name = "first", .help = "there is none before: devices have the key built in"}, \
  {.name = "epoch", .value = "NUMBER", .help = "of the set; the one before plus 1 when not given"}, \
  {.name = "output", .value = "FILE", .help = "write it there and hand nothing out", .complete = CLI_COMPLETE_FILE},
static const struct cli_option key_rotate_options[] = {
  KEYSET_OPTIONS
  {.name = "remove", .value = "ID", .help = "this key no longer, by id or its beginning; may be repeated", .repeats = true},
  {0},
};
static const struct cli_option key_revoke_options[] = {
  KEYSET_OPTIONS
  {0},
};
static const struct cli_argument takes_new_key[] = {{.name = "FILE", .help = "where to write it; must not be there", .complete = CLI_COMPLETE_FILE}, {0}};
static const struct cli_argument takes_key[] = {{.name = "KEY", .help = "a PEM file, public or private, or a pkcs11: URL", .complete = CLI_COMPLETE_FILE}, {0}};
static const struct cli_argument takes_keys[] = {{.name = "KEY", .help = "a PEM file, public or private, or a pkcs11: URL", .repeats = true, .complete = CLI_COMPLETE_FILE}, {0}};
static const struct cli_argument takes_key_ids[] = {{.name = "ID", .help = "of the key, or its beginning", .repeats = true}, {0}};
static const struct cli_argument takes_signature[] = {{.name = "SIGNATURE", .help = "a signature or a keyset", .complete = CLI_COMPLETE_FILE}, {0}};
static const struct cli_argument takes_keyset[] = {{.name = "KEYSET", .help = "what `godwit key rotate` wrote", .complete = CLI_COMPLETE_FILE}, {0}};
static const struct cli_option artifact_list_options[] = {
  {.name = "package", .value = "PACKAGE", .help = "only this package"},
  {.name = "blueprint", .value = "BLUEPRINT", .help = "only those made for it"},
  {0},
};
static const struct cli_option artifact_blueprint_options[] = {
  {.name = "blueprint", .value = "BLUEPRINT", .help = "which one, where several have the same package and version"},
  {0},
};
static const struct cli_option artifact_delete_options[] = {
  {.name = "blueprint", .value = "BLUEPRINT", .help = "which one, where several have the same package and version"},
  OPTION_YES,
  {0},
};
static const struct cli_option artifact_download_options[] = {
  {.name = "output", .value = "FILE", .help = "where to; PACKAGE_VERSION in this folder when not given", .complete = CLI_COMPLETE_FILE},
  {.name = "blueprint", .value = "BLUEPRINT", .help = "which one, where several have the same package and version"},
  {0},
};
#define POLICY_OPTIONS \
  {.name = "spread", .value = "TIME", .help = "devices begin at a random moment within so long, 10m; 0 at once; by their number when not given"}, \
  {.name = "shadow", .value = "COUNT|TIME", .help = "runs beside the active model first, for so many inferences (500) or so long (10m)"}, \
  {.name = "agreement", .value = "SHARE", .help = "with --shadow: same answer at least so often, 0.9"}, \
  {.name = "latency", .value = "RATIO", .help = "with --shadow: at most so many times as slow, 1.5"}, \
  {.name = "confirm-after", .value = "TIME", .help = "so long in service before it is confirmed, 1h; else the old model returns"}
static const struct cli_option release_create_options[] = {
  {.name = "artifact", .value = "ARTIFACT", .help = "PACKAGE@VERSION or id; one for each package, may be repeated", .repeats = true, .required = true},
  {.name = "blueprint", .value = "BLUEPRINT", .help = "only for this hardware: name or id"},
  {.name = "tag", .value = "TAG", .help = "only for devices with this tag; repeated: with all of them", .repeats = true},
  {.name = "name", .value = "NAME", .help = "a name for the release, unique in the project"},
  {.name = "rollout", .help = "roll it out at once"},
  POLICY_OPTIONS,
  OPTION_WAIT,
  OPTION_TIMEOUT,
  OPTION_FORCE,
  {0},
};
static const struct cli_option release_list_options[] = {
  {.name = "rollout", .help = "only those that are rolled out"},
  {0},
};
static const struct cli_argument takes_profile[] = {{.name = "PROFILE", .help = "its name"}, {0}};
static const struct cli_argument takes_folder[] = {{.name = "FOLDER", .help = "where to; made when absent", .complete = CLI_COMPLETE_FILE}, {0}};
static const struct cli_argument takes_email[] = {{.name = "EMAIL", .help = "whose"}, {0}};
static const struct cli_argument takes_member[] = {{.name = "MEMBER", .help = "e-mail or id"}, {0}};
static const struct cli_argument takes_session[] = {{.name = "SESSION", .help = "its id, see `godwit account sessions`"}, {0}};
static const struct cli_argument takes_organization[] = {{.name = "ORGANISATION", .help = "its id"}, {0}};
static const struct cli_argument takes_organization_name[] = {{.name = "ORGANISATION", .help = "its id"}, {.name = "NAME", .help = "what people call it"}, {0}};
static const struct cli_argument takes_tag_and_name[] = {{.name = "TAG", .help = "name or id"}, {.name = "NAME", .help = "its new name"}, {0}};
static const struct cli_argument takes_optional_name[] = {{.name = "NAME", .help = "its name; made up when not given", .optional = true}, {0}};
static const struct cli_argument takes_request[] = {
  {.name = "METHOD", .help = "GET, POST, PUT, PATCH or DELETE"},
  {.name = "PATH", .help = "/v1/...; without the first slash, below the project: devices?term=kit"},
  {.name = "JSON", .help = "the body", .optional = true},
  {0},
};
#define OPTION_ORGANIZATION {.name = "organization", .value = "ORGANISATION", .help = "its id; default when not given"}
#define OPTION_ROLE {.name = "role", .value = "ROLE", .help = "viewer, operator or admin"}
#define OPTION_OF_PROJECT {.name = "of-project", .value = "PROJECT", .help = "in this project only"}
static const struct cli_option wait_options[] = {OPTION_WAIT, OPTION_TIMEOUT, {0}};
static const struct cli_option rollout_options[] = {OPTION_WAIT, OPTION_TIMEOUT, OPTION_FORCE, {0}};
static const struct cli_option release_devices_options[] = {
  {.name = "state", .value = "STATE", .help = "waiting, downloading, downloaded, updating, updated or failed"},
  {0},
};
static const struct cli_option release_preview_options[] = {
  {.name = "artifact", .value = "ARTIFACT", .help = "PACKAGE@VERSION or id; one for each package, may be repeated", .repeats = true, .required = true},
  {.name = "blueprint", .value = "BLUEPRINT", .help = "only for this hardware: name or id"},
  {.name = "tag", .value = "TAG", .help = "only for devices with this tag; repeated: with all of them", .repeats = true},
  POLICY_OPTIONS,
  {0},
};
static const struct cli_option release_policy_options[] = {
  POLICY_OPTIONS,
  {.name = "none", .help = "take the policy away: devices do as they are built to"},
  {0},
};
static const struct cli_option api_options[] = {
  {.name = "file", .value = "FILE", .help = "the body is this file's bytes", .complete = CLI_COMPLETE_FILE},
  {0},
};
static const struct cli_option audit_options[] = {
  {.name = "kind", .value = "KIND", .help = "about devices, releases, ...: device, release, ..."},
  {.name = "action", .value = "ACTION", .help = "create, update, delete, signIn, ..."},
  {.name = "since", .value = "WHEN", .help = "an age as 30m, 12h, 7d, or a time as 2026-11-22T09:00:00Z"},
  {.name = "limit", .value = "COUNT", .help = "so many, the newest; 50 when not given"},
  {.name = "server", .help = "of the whole server"},
  {0},
};
static const struct cli_option live_options[] = {
  {.name = "topics", .value = "TOPICS", .help = "some of devices, ota, progress, releases, artifacts, captures, logs, settings, state, with commas between; all but logs when not given"},
  {.name = "device", .value = "DEVICE", .help = "of this device only: name or id"},
  {0},
};
static const struct cli_option account_set_options[] = {
  {.name = "name", .value = "NAME", .help = "what people call you"},
  {.name = "email", .value = "EMAIL", .help = "what you sign in with"},
  {.name = "password", .help = "read a new password"},
  {.name = "current", .help = "with --password: read the current one first; needed unless you came by a link"},
  {0},
};
static const struct cli_option organization_create_options[] = {
  {.name = "id", .value = "ID", .help = "for addresses; made from NAME when not given"},
  {0},
};
static const struct cli_option member_options[] = {OPTION_ORGANIZATION, {0}};
static const struct cli_option member_invite_options[] = {
  OPTION_ORGANIZATION,
  {.name = "role", .value = "ROLE", .help = "viewer, operator or admin", .required = true},
  {.name = "name", .value = "NAME", .help = "what people call them"},
  OPTION_OF_PROJECT,
  {0},
};
static const struct cli_option member_set_options[] = {
  OPTION_ORGANIZATION,
  {.name = "role", .value = "ROLE", .help = "viewer, operator or admin", .required = true},
  OPTION_OF_PROJECT,
  {0},
};
static const struct cli_option member_find_options[] = {OPTION_ORGANIZATION, OPTION_OF_PROJECT, {0}};
static const struct cli_option member_remove_options[] = {OPTION_ORGANIZATION, OPTION_OF_PROJECT, OPTION_YES, {0}};
static const struct cli_option device_set_options[] = {
  {.name = "name", .value = "NAME", .help = "a new name"},
  {.name = "blueprint", .value = "BLUEPRINT", .help = "name or id; 'none' takes it away"},
  {.name = "hardware-id", .value = "ID", .help = "all of them: may be repeated", .repeats = true},
  {0},
};
static const struct cli_option device_bulk_options[] = {
  {.name = "term", .value = "TEXT", .help = "those with this in their name"},
  {.name = "tag", .value = "TAG", .help = "those with this tag; repeated: with all of them", .repeats = true},
  {.name = "blueprint", .value = "BLUEPRINT", .help = "those of this blueprint"},
  {.name = "all", .help = "every device of the project"},
  {.name = "add-tag", .value = "TAG", .help = "give them this tag; may be repeated", .repeats = true},
  {.name = "remove-tag", .value = "TAG", .help = "take this tag from them; may be repeated", .repeats = true},
  {.name = "enable", .help = "let them in"},
  {.name = "disable", .help = "keep them out; their connections end"},
  {0},
};
static const struct cli_option blueprint_set_options[] = {
  {.name = "name", .value = "NAME", .help = "a new name"},
  {.name = "platform", .value = "TEXT", .help = "a note: esp-idf, zephyr, ..."},
  {.name = "board", .value = "TEXT", .help = "a note: the board's id"},
  {.name = "arena", .value = "BYTES", .help = "the arena that its devices have for a model; 0: not said"},
  {.name = "model-bytes", .value = "BYTES", .help = "the largest model that they can keep; 0: not said"},
  {0},
};
static const struct cli_option login_options[] = {
  {.name = "email", .value = "EMAIL", .help = "sign in as this account; the password is asked for"},
  {.name = "code", .value = "CODE", .help = "of the authenticator, or a recovery code; asked for at a terminal where the account needs it"},
  {.name = "link", .value = "LINK", .help = "sign in with a link that works once: of the server's first start, or an invitation; '-' reads it"},
  {.name = "no-check", .help = "keep it without asking the server whether it is right"},
  {0},
};
static const struct cli_option level_options[] = {
  {.name = "device", .value = "DEVICE", .help = "for this device only"},
  {.name = "blueprint", .value = "BLUEPRINT", .help = "for devices of this blueprint"},
  {0},
};
static const struct cli_option setting_set_options[] = {
  {.name = "device", .value = "DEVICE", .help = "for this device only"},
  {.name = "blueprint", .value = "BLUEPRINT", .help = "for devices of this blueprint"},
  {.name = "type", .value = "TYPE", .help = "integer, float, boolean or string; when not given, what the setting had, and for a new one what the value looks like"},
  {0},
};
static const struct cli_option setting_delete_options[] = {
  {.name = "device", .value = "DEVICE", .help = "this device's"},
  {.name = "blueprint", .value = "BLUEPRINT", .help = "this blueprint's"},
  OPTION_YES,
  {0},
};
static const struct cli_argument takes_setting[] = {{.name = "KEY", .help = "letters, digits, _ and -"}, {0}};
static const struct cli_argument takes_setting_value[] = {
  {.name = "KEY", .help = "letters, digits, _ and -"},
  {.name = "VALUE", .help = "a number, true, false, or a text"},
  {0},
};
static const struct cli_argument takes_state[] = {DEVICE_ARGUMENT, {.name = "PATH", .help = "a/b; all of it when not given", .optional = true}, {0}};
static const struct cli_argument takes_state_value[] = {
  DEVICE_ARGUMENT,
  {.name = "PATH", .help = "a/b; / for all of it"},
  {.name = "JSON", .help = "the value"},
  {0},
};
static const struct cli_argument takes_call[] = {
  DEVICE_ARGUMENT,
  {.name = "METHOD", .help = "what the device calls it"},
  {.name = "PARAMETER", .help = "JSON values; a plain word is a text", .optional = true, .repeats = true},
  {0},
};
static const struct cli_option rpc_options[] = {
  {.name = "timeout", .value = "SECONDS", .help = "wait so long for the answer, 0.1 to 60; 10 when not given"},
  {0},
};
static const struct cli_option log_options[] = {
  {.name = "device", .value = "DEVICE", .help = "of this device"},
  {.name = "level", .value = "LEVEL", .help = "error, warn, info or debug: this or worse"},
  {.name = "module", .value = "MODULE", .help = "of this module"},
  {.name = "term", .value = "TEXT", .help = "with this in the message"},
  {.name = "since", .value = "WHEN", .help = "an age as 30m, 12h, 7d, or a time as 2026-11-22T09:00:00Z"},
  {.name = "limit", .value = "COUNT", .help = "so many, the newest; 50 when not given, 1000 at most"},
  {.name = "follow", .help = "go on printing what comes"},
  {0},
};
#define CAPTURE_FILTERS \
  {.name = "device", .value = "DEVICE", .help = "of this device"}, \
  {.name = "label", .value = "LABEL", .help = "with this label"}, \
  {.name = "heard", .value = "LABEL", .help = "that the model took for this"}, \
  {.name = "model", .value = "ARTIFACT", .help = "captured while this ran, PACKAGE@VERSION"}, \
  {.name = "path", .value = "PATH", .help = "sent on this path"}, \
  {.name = "min-score", .value = "SCORE", .help = "scored this or more, 0 to 1"}, \
  {.name = "max-score", .value = "SCORE", .help = "scored this or less, 0 to 1"}, \
  {.name = "since", .value = "WHEN", .help = "not before: an age as 30m, 12h, 7d, or a time as 2026-11-22T09:00:00Z"}, \
  {.name = "until", .value = "WHEN", .help = "not after: likewise"}
static const struct cli_argument takes_capture[] = {{.name = "CAPTURE", .help = "its id"}, {0}};
static const struct cli_argument takes_captures[] = {{.name = "CAPTURE", .help = "their ids", .repeats = true}, {0}};
static const struct cli_argument takes_label_and_captures[] = {
  {.name = "LABEL", .help = "what they really are; becomes a folder's name in exports", .optional = true},
  {.name = "CAPTURE", .help = "their ids", .optional = true, .repeats = true},
  {0},
};
static const struct cli_option capture_list_options[] = {
  CAPTURE_FILTERS,
  {.name = "unlabelled", .help = "that have no label yet"},
  {.name = "limit", .value = "COUNT", .help = "so many, the newest; 50 when not given, 1000 at most"},
  {.name = "all", .help = "all of them"},
  {0},
};
static const struct cli_option capture_download_options[] = {
  {.name = "output", .value = "FILE", .help = "CAPTURE and its type's ending when not given", .complete = CLI_COMPLETE_FILE},
  {0},
};
static const struct cli_option capture_play_options[] = {
  {.name = "quiet", .help = "only draw it"},
  {0},
};
static const struct cli_option capture_label_options[] = {
  {.name = "from", .value = "FILE", .help = "lines CAPTURE,LABEL; '-' reads standard input", .complete = CLI_COMPLETE_FILE},
  {.name = "clear", .help = "take labels away; then only ids follow"},
  {0},
};
static const struct cli_option capture_export_options[] = {
  {.name = "output", .value = "PATH", .help = "a tar when it ends in .tar, else a folder", .required = true, .complete = CLI_COMPLETE_FILE},
  CAPTURE_FILTERS,
  {.name = "split", .value = "PERCENT", .help = "of the devices for training,validation,testing; 80,10,10 when not given"},
  {.name = "force", .help = "into a folder that holds something already; files of the same name are replaced"},
  {0},
};
static const struct cli_option model_evaluate_options[] = {
  {.name = "dataset", .value = "PATH", .help = "a folder with a folder for each label, or an export of captures, unpacked or as tar", .required = true, .complete = CLI_COMPLETE_FILE},
  {.name = "split", .value = "SPLIT", .help = "testing, validation or training, by the dataset's manifest or lists; all when not given"},
  {.name = "compare", .value = "OLD", .help = "a model to compare with, clip by clip: file or PACKAGE@VERSION", .complete = CLI_COMPLETE_FILE},
  {.name = "limit", .value = "COUNT", .help = "at most so many clips, evenly spread"},
  {.name = "threads", .value = "COUNT", .help = "all processors when not given; the result is the same"},
  {.name = "store", .help = "keep the report with the artifact; MODEL must be PACKAGE@VERSION"},
  {0},
};
#define OPTION_MODEL_OUTPUT {.name = "output", .value = "FILE", .help = "what to write; may be the same file", .required = true, .complete = CLI_COMPLETE_FILE}
static const struct cli_option model_pack_options[] = {
  {.name = "labels", .value = "LABELS", .help = "words with commas between, or a file with one a line, in the order of the outputs"},
  {.name = "self-test", .value = "CLIPS", .help = "a folder with a folder for each label, or an export of captures: the most telling ones become the self-test", .complete = CLI_COMPLETE_FILE},
  {.name = "threshold", .value = "LABEL=SCORE", .help = "the score from which a device takes it for heard, above 0 to 1; may be repeated", .repeats = true},
  {.name = "frontend", .value = "NAME", .help = "what makes the input: micro_speech (found by itself), none, or your own name for it"},
  {.name = "arena", .value = "BYTES", .help = "the arena that devices give it; 'auto', what it needs, when not given"},
  {.name = "tolerance", .value = "STEPS", .help = "how far an integer output may be off where it is tested; 0, bit for bit, when not given"},
  {.name = "max-cases", .value = "COUNT", .help = "clips in the self-test; one for each label when not given"},
  {.name = "probes", .value = "COUNT", .help = "inputs made from a number instead of a clip, 20 bytes or so each; 8 when not given"},
  {.name = "time-limit", .value = "MS", .help = "a device on which an inference takes longer keeps its old model"},
  OPTION_MODEL_OUTPUT,
  {0},
};
static const struct cli_option model_unpack_options[] = {OPTION_MODEL_OUTPUT, {0}};
static const struct cli_option api_key_create_options[] = {
  OPTION_ROLE,
  {.name = "scope", .value = "SCOPE", .help = "only this group of routes, 'devices', or only reading it, 'devices:read'; may be repeated", .repeats = true},
  {.name = "days", .value = "DAYS", .help = "it ends after so many"},
  {.name = "server", .help = "good for every project of the server"},
  {0},
};

#define EXAMPLES (const char *const[])

const struct cli_command cli_commands[] = {
  {.path = "server", .summary = "Run the server.",
   .details = "Its own options: `godwit server --help`.",
   .examples = EXAMPLES{"godwit server --data /var/lib/godwit", NULL}, .local = true, .run = NULL},
  {.path = "login", .summary = "Keep the server's address and an API key, or a signed-in account, in the config file.",
   .details = "Asks for an API key on standard input when neither --api-key nor GODWIT_API_KEY is given; with --email for "
              "the account's password instead. The file is ~/.config/godwit/config (below $XDG_CONFIG_HOME where that is "
              "set), readable by you alone. --profile keeps it beside others, under a name.",
   .options = login_options,
   .examples = EXAMPLES{"godwit login --url http://127.0.0.1:8080", "godwit login --project greenhouse < key.txt",
                        "godwit login --email ada@example.org --url https://godwit.example.org --profile work", NULL},
   .run = cli_login},
  {.path = "logout", .summary = "End the account's sign-in, and forget the login.", .options = yes_options,
   .examples = EXAMPLES{"godwit logout", NULL}, .run = cli_logout},
  {.path = "profile list", .summary = "List the logins of the config file.", .local = true,
   .examples = EXAMPLES{"godwit profile list", NULL}, .run = cli_profile_list},
  {.path = "profile use", .summary = "Use this login from now on.", .arguments = takes_profile, .local = true,
   .examples = EXAMPLES{"godwit profile use work", NULL}, .run = cli_profile_use},
  {.path = "profile delete", .summary = "Forget a login.", .arguments = takes_profile, .options = yes_options, .local = true,
   .examples = EXAMPLES{"godwit profile delete work --yes", NULL}, .run = cli_profile_delete},
  {.path = "status", .summary = "How the server is.",
   .examples = EXAMPLES{"godwit status", "godwit status --json", NULL}, .run = cli_status},

  {.path = "project list", .summary = "List the projects.",
   .examples = EXAMPLES{"godwit project list", NULL}, .run = cli_project_list},
  {.path = "project create", .summary = "Create a project.", .arguments = takes_name, .options = project_create_options,
   .examples = EXAMPLES{"godwit project create greenhouse", "godwit project create 'Green house' --id greenhouse", NULL},
   .run = cli_project_create},
  {.path = "project show", .summary = "Show a project.", .arguments = takes_project,
   .examples = EXAMPLES{"godwit project show greenhouse", NULL}, .run = cli_project_show},
  {.path = "project set", .summary = "Change a project's name and what it does with certificates.",
   .arguments = takes_project, .options = project_set_options,
   .examples = EXAMPLES{"godwit project set --auto-provision on --auto-provision-max 500", "godwit project set greenhouse --certificate-days 30", NULL},
   .run = cli_project_set},
  {.path = "project delete", .summary = "Delete an empty project.", .arguments = takes_project_name, .options = yes_options,
   .examples = EXAMPLES{"godwit project delete greenhouse --yes", NULL}, .run = cli_project_delete},

  {.path = "blueprint create", .summary = "Create a blueprint: a kind of hardware.", .arguments = takes_name,
   .options = blueprint_create_options,
   .examples = EXAMPLES{"godwit blueprint create m5stack-cores3", "godwit blueprint create cam-2 --platform zephyr", NULL},
   .run = cli_blueprint_create},
  {.path = "blueprint list", .summary = "List the blueprints.",
   .examples = EXAMPLES{"godwit blueprint list", NULL}, .run = cli_blueprint_list},
  {.path = "blueprint set", .summary = "Change a blueprint: its name, and what its devices can hold.",
   .details = "What a device says of itself counts more. An upload's page and `godwit artifact compatibility` go by it.",
   .arguments = takes_blueprint, .options = blueprint_set_options,
   .examples = EXAMPLES{"godwit blueprint set m5stack-cores3 --arena 65536 --model-bytes 262144", NULL}, .run = cli_blueprint_set},
  {.path = "blueprint delete", .summary = "Delete a blueprint that nothing uses.", .arguments = takes_blueprint,
   .options = yes_options, .examples = EXAMPLES{"godwit blueprint delete cam-2 --yes", NULL}, .run = cli_blueprint_delete},

  {.path = "tag create", .summary = "Create a tag: a mark for some devices.", .arguments = takes_name,
   .examples = EXAMPLES{"godwit tag create beta", NULL}, .run = cli_tag_create},
  {.path = "tag list", .summary = "List the tags.", .examples = EXAMPLES{"godwit tag list", NULL}, .run = cli_tag_list},
  {.path = "tag rename", .summary = "Rename a tag.", .arguments = takes_tag_and_name,
   .examples = EXAMPLES{"godwit tag rename beta early", NULL}, .run = cli_tag_rename},
  {.path = "tag delete", .summary = "Delete a tag that nothing uses.", .arguments = takes_tag, .options = yes_options,
   .examples = EXAMPLES{"godwit tag delete beta --yes", NULL}, .run = cli_tag_delete},

  {.path = "device create", .summary = "Create a device and the key it connects with.",
   .details = "Prints the PSK identity and the key: put both into the device. With --json they stand in \"credential\" "
              "of the device's object, as \"identity\" and \"preSharedKey\".",
   .arguments = takes_name, .options = device_create_options,
   .examples = EXAMPLES{"godwit device create kitchen --blueprint m5stack-cores3 --tag beta",
                        "godwit device create kitchen --psk-id kitchen@default --psk - < key.txt", NULL},
   .run = cli_device_create},
  {.path = "device list", .summary = "List the devices, and what they run.", .options = device_list_options,
   .examples = EXAMPLES{"godwit device list", "godwit device list --tag beta --json", NULL}, .run = cli_device_list},
  {.path = "device show", .summary = "Show a device.", .arguments = takes_device,
   .examples = EXAMPLES{"godwit device show kitchen", NULL}, .run = cli_device_show},
  {.path = "device shadow", .summary = "The models a device has run side by side, and how they did.",
   .details = "As `godwit release shadow`, of one device.", .arguments = takes_device,
   .examples = EXAMPLES{"godwit device shadow kitchen", NULL}, .run = cli_device_shadow},
  {.path = "device history", .summary = "What a device reported of its updates, newest first.", .arguments = takes_device,
   .options = history_options,
   .examples = EXAMPLES{"godwit device history kitchen", "godwit device history kitchen --package model --json", NULL},
   .run = cli_device_history},
  {.path = "device tag add", .summary = "Give a device tags.",
   .details = "Takes effect at once: releases for these tags reach the device now.", .arguments = takes_device_tags,
   .examples = EXAMPLES{"godwit device tag add kitchen beta", NULL}, .run = cli_device_tag_add},
  {.path = "device tag remove", .summary = "Take tags from a device.",
   .details = "Takes effect at once: the device goes back to the release it matches without them.",
   .arguments = takes_device_tags, .examples = EXAMPLES{"godwit device tag remove kitchen beta", NULL},
   .run = cli_device_tag_remove},
  {.path = "device settings", .summary = "What settings apply to a device, from which level, and what it made of them.",
   .arguments = takes_device, .examples = EXAMPLES{"godwit device settings kitchen", NULL}, .run = cli_device_settings},
  {.path = "device set", .summary = "Change a device's name, blueprint or hardware ids.", .arguments = takes_device,
   .options = device_set_options,
   .examples = EXAMPLES{"godwit device set kitchen --name kitchen-2", "godwit device set kitchen --blueprint none", NULL},
   .run = cli_device_set},
  {.path = "device bulk", .summary = "Change many devices at once.",
   .options = device_bulk_options,
   .examples = EXAMPLES{"godwit device bulk --blueprint m5stack-cores3 --add-tag beta", "godwit device bulk --tag retired --disable", NULL},
   .run = cli_device_bulk},
  {.path = "device enable", .summary = "Let a disabled device in again.", .arguments = takes_device,
   .examples = EXAMPLES{"godwit device enable kitchen", NULL}, .run = cli_device_enable},
  {.path = "device disable", .summary = "Keep a device out; a connection it has ends now.", .arguments = takes_device,
   .examples = EXAMPLES{"godwit device disable kitchen", NULL}, .run = cli_device_disable},
  {.path = "device delete", .summary = "Delete a device, its credentials and its history.", .arguments = takes_device,
   .options = yes_options, .examples = EXAMPLES{"godwit device delete kitchen --yes", NULL}, .run = cli_device_delete},

  {.path = "credential add", .summary = "Add a key to a device.",
   .details = "Prints identity and key. The old ones go on working until they are deleted, so that a key can be changed "
              "without losing the device.",
   .arguments = takes_device, .options = credential_options,
   .examples = EXAMPLES{"godwit credential add kitchen", "godwit credential add kitchen --psk-id kitchen-2@default --psk - < key.txt", NULL},
   .run = cli_credential_add},
  {.path = "credential list", .summary = "List a device's credentials, without the keys.", .arguments = takes_device,
   .examples = EXAMPLES{"godwit credential list kitchen", NULL}, .run = cli_credential_list},
  {.path = "credential rotate", .summary = "Make a device's next key, and say how to change over to it.",
   .details = "As `godwit credential add`; the running connection stays.",
   .arguments = takes_device, .options = credential_options,
   .examples = EXAMPLES{"godwit credential rotate kitchen", NULL}, .run = cli_credential_rotate},
  {.path = "credential delete", .summary = "Delete a credential; a connection made with it ends now.",
   .arguments = takes_credential, .options = yes_options,
   .examples = EXAMPLES{"godwit credential delete kitchen kitchen@default --yes", NULL}, .run = cli_credential_delete},

  {.path = "ca create", .summary = "Make a CA for devices whose key the server keeps.",
   .details = "It is trusted at once, and answers devices' certificate requests. The newest one signs.",
   .options = ca_create_options,
   .examples = EXAMPLES{"godwit ca create", "godwit ca create --name 'Greenhouse CA 2027' --output ca.pem", NULL}, .run = cli_ca_create},
  {.path = "certificate add", .summary = "Trust a CA: devices with its certificates are let in.",
   .details = "Their subject must be O=PROJECT and CN=NAME. Keys are EC, P-256 or P-384.",
   .arguments = takes_certificate_file, .options = certificate_add_options,
   .examples = EXAMPLES{"godwit certificate add root.pem", "godwit certificate add factory.pem --intermediate", NULL}, .run = cli_certificate_add},
  {.path = "certificate list", .summary = "List the CAs that the project trusts.",
   .examples = EXAMPLES{"godwit certificate list", NULL}, .run = cli_certificate_list},
  {.path = "certificate show", .summary = "Show a CA, or write it to a file.", .arguments = takes_certificate,
   .options = certificate_show_options,
   .examples = EXAMPLES{"godwit certificate show 6565f1d0a1b2c3d4e5000001 --output ca.pem", NULL}, .run = cli_certificate_show},
  {.path = "certificate delete", .summary = "Trust a CA no more; connections that hang on it end now.",
   .arguments = takes_certificate, .options = yes_options,
   .examples = EXAMPLES{"godwit certificate delete 6565f1d0a1b2c3d4e5000001 --yes", NULL}, .run = cli_certificate_delete},
  {.path = "certificate device", .summary = "List the certificates of a device, and when they were used.",
   .arguments = takes_device, .examples = EXAMPLES{"godwit certificate device kitchen", NULL}, .run = cli_certificate_device},
  {.path = "certificate revoke", .summary = "Revoke a device's certificate; its connection ends now.",
   .options = certificate_revoke_options,
   .examples = EXAMPLES{"godwit certificate revoke --file kitchen.pem", "godwit certificate revoke --device kitchen", NULL},
   .run = cli_certificate_revoke},
  {.path = "certificate revoked", .summary = "List what is revoked.",
   .examples = EXAMPLES{"godwit certificate revoked", NULL}, .run = cli_certificate_revoked},
  {.path = "certificate restore", .summary = "Take a revocation back.", .arguments = takes_revocation, .options = yes_options,
   .examples = EXAMPLES{"godwit certificate restore 6565f1d0a1b2c3d4e5000002 --yes", NULL}, .run = cli_certificate_restore},

  {.path = "artifact upload", .summary = "Upload a model, or with --force-binary any file.",
   .details = "A model is checked here before it is sent, and again by the server: one that no device could run is "
              "refused with the reason. What was uploaded as PACKAGE@VERSION never changes.",
   .arguments = takes_file, .options = artifact_upload_options,
   .examples = EXAMPLES{"godwit artifact upload yes_no.tflite --package model --version 1.0.0",
                        "godwit artifact upload app.bin --package main --version 2.3.1 --force-binary",
                        "godwit artifact upload yes_no.tflite --package model --version 1.0.1 --sign publisher.pem", NULL},
   .run = cli_artifact_upload},
  {.path = "artifact sign", .summary = "Sign an artifact that was uploaded, or add a signature made elsewhere.",
   .details = "With --file what is signed is that file, which the server must have as it is. Without it the server's bytes "
              "are signed, whatever they are.",
   .arguments = takes_artifact, .options = artifact_sign_options,
   .examples = EXAMPLES{"godwit artifact sign model@1.0.0 --key publisher.pem --file yes_no.tflite",
                        "godwit artifact sign model@1.0.0 --signature model.cose", NULL},
   .run = cli_artifact_sign},
  {.path = "artifact list", .summary = "List the artifacts.", .options = artifact_list_options,
   .examples = EXAMPLES{"godwit artifact list", "godwit artifact list --package model", NULL}, .run = cli_artifact_list},
  {.path = "artifact show", .summary = "Show an artifact.", .arguments = takes_artifact, .options = artifact_blueprint_options,
   .examples = EXAMPLES{"godwit artifact show model@1.0.0", NULL}, .run = cli_artifact_show},
  {.path = "artifact download", .summary = "Get an artifact's bytes back.", .arguments = takes_artifact,
   .options = artifact_download_options,
   .examples = EXAMPLES{"godwit artifact download model@1.0.0 --output model.tflite", NULL}, .run = cli_artifact_download},
  {.path = "artifact compatibility", .summary = "Which blueprints' devices could run a model, and why others could not.",
   .arguments = takes_artifact, .options = artifact_blueprint_options,
   .examples = EXAMPLES{"godwit artifact compatibility model@1.1.0", NULL}, .run = cli_artifact_compatibility},
  {.path = "artifact delete", .summary = "Delete an artifact that is in no release.", .arguments = takes_artifact,
   .options = artifact_delete_options, .examples = EXAMPLES{"godwit artifact delete model@1.0.0 --yes", NULL},
   .run = cli_artifact_delete},

  {.path = "key create", .summary = "Make a publisher's key: devices take what it signs.",
   .details = "A P-256 key in a file that only you can read. For one in a token, make it with the token's own program and "
              "name it by its pkcs11: URL wherever a KEY is asked for.",
   .arguments = takes_new_key, .options = key_create_options,
   .examples = EXAMPLES{"godwit key create publisher.pem", "godwit key create publisher.pem --passphrase", NULL},
   .local = true, .run = cli_key_create_command},
  {.path = "key public", .summary = "Show a key's public half.", .arguments = takes_key, .options = key_public_options,
   .examples = EXAMPLES{"godwit key public publisher.pem", "godwit key public publisher.pem --output publisher.pub", NULL},
   .local = true, .run = cli_key_public},
  {.path = "key c-header", .summary = "Print public keys as a C header, to build into a device.", .arguments = takes_keys,
   .examples = EXAMPLES{"godwit key c-header publisher.pub spare.pub > keys.h", NULL}, .local = true, .run = cli_key_c_header},
  {.path = "key sign", .summary = "Sign a model where the key is; needs no server.", .arguments = takes_file,
   .options = key_sign_options,
   .examples = EXAMPLES{"godwit key sign yes_no.tflite --package model --version 1.0.0 --key publisher.pem --output model.cose", NULL},
   .local = true, .run = cli_key_sign_command},
  {.path = "key verify", .summary = "Show what a signature or a keyset says, and check who made it.", .arguments = takes_signature,
   .options = key_verify_options,
   .examples = EXAMPLES{"godwit key verify model.cose --key publisher.pub --file yes_no.tflite", NULL},
   .local = true, .run = cli_key_verify},
  {.path = "key rotate", .summary = "Sign and hand out the next set of keys that devices believe.",
   .details = "Each set is complete: what is not in it is revoked. Devices fetch it before their next download. With --output "
              "and --after or --first it is made without a server, for `godwit key publish`.",
   .options = key_rotate_options,
   .examples = EXAMPLES{"godwit key rotate --key publisher.pem --add spare.pub",
                        "godwit key rotate --key spare.pem --remove 3f2a --add next.pub --floor 1790000000", NULL},
   .run = cli_key_rotate},
  {.path = "key revoke", .summary = "Hand out a set of keys without these.", .arguments = takes_key_ids, .options = key_revoke_options,
   .examples = EXAMPLES{"godwit key revoke 3f2a91c07d5e6b84 --key spare.pem", NULL}, .run = cli_key_rotate},
  {.path = "key publish", .summary = "Hand out a set of keys that was made elsewhere.", .arguments = takes_keyset,
   .examples = EXAMPLES{"godwit key publish keyset.cose", NULL}, .run = cli_key_publish},
  {.path = "key list", .summary = "List the keys that devices of the project believe.",
   .examples = EXAMPLES{"godwit key list", NULL}, .run = cli_key_list},

  {.path = "release create", .summary = "Put artifacts into a release.",
   .details = "A device gets the newest release with rollout on whose blueprint is unset or its own, and all of whose "
              "tags it has.",
   .options = release_create_options,
   .examples = EXAMPLES{"godwit release create --artifact model@1.0.0 --blueprint m5stack-cores3 --rollout",
                        "godwit release create --artifact model@1.1.0 --tag beta --name try-stop-go",
                        "godwit release create --artifact model@1.1.0 --spread 10m --shadow 500 --agreement 0.9 --confirm-after 1h", NULL},
   .run = cli_release_create},
  {.path = "release list", .summary = "List the releases, newest first.", .options = release_list_options,
   .examples = EXAMPLES{"godwit release list", NULL}, .run = cli_release_list},
  {.path = "release show", .summary = "Show a release.", .arguments = takes_release,
   .examples = EXAMPLES{"godwit release show try-stop-go", NULL}, .run = cli_release_show},
  {.path = "release preview", .summary = "Which devices would get a release, and why others would not.",
   .details = "Nothing is made.", .options = release_preview_options,
   .examples = EXAMPLES{"godwit release preview --artifact model@1.1.0 --tag beta", NULL}, .run = cli_release_preview},
  {.path = "release status", .summary = "How a release gets on.", .arguments = takes_release, .options = wait_options,
   .details = "With --wait: exit code 0 when every device of it runs it, 1 when one failed or the time is over.",
   .examples = EXAMPLES{"godwit release status try-stop-go", "godwit release status try-stop-go --wait --timeout 600", NULL},
   .run = cli_release_status},
  {.path = "release shadow", .summary = "How a release's models do beside those in service.",
   .details = "Of devices on which both run side by side before the new one takes over: how often they agree where "
              "something is heard, what they hear differently, how sure and how fast each is.",
   .arguments = takes_release, .examples = EXAMPLES{"godwit release shadow try-stop-go", NULL}, .run = cli_release_shadow},
  {.path = "release devices", .summary = "The devices of a release, and how far each is.", .arguments = takes_release,
   .options = release_devices_options,
   .examples = EXAMPLES{"godwit release devices try-stop-go", "godwit release devices try-stop-go --state failed", NULL},
   .run = cli_release_devices},
  {.path = "release policy", .summary = "Change what a release asks of devices that take it.",
   .details = "Replaces all of it. Devices that have begun keep to what they were told.",
   .arguments = takes_release, .options = release_policy_options,
   .examples = EXAMPLES{"godwit release policy try-stop-go --spread 1h --confirm-after 1d", "godwit release policy try-stop-go --none", NULL},
   .run = cli_release_policy},
  {.path = "release rollout on", .summary = "Roll a release out: devices are told at once.", .arguments = takes_release,
   .options = rollout_options,
   .examples = EXAMPLES{"godwit release rollout on try-stop-go", "godwit release rollout on try-stop-go --wait --timeout 600", NULL}, .run = cli_release_rollout_on},
  {.path = "release rollout off", .summary = "Take a release back: devices go to the one before it.",
   .arguments = takes_release, .examples = EXAMPLES{"godwit release rollout off try-stop-go", NULL},
   .run = cli_release_rollout_off},
  {.path = "release delete", .summary = "Delete a release; its artifacts stay.", .arguments = takes_release,
   .options = yes_options, .examples = EXAMPLES{"godwit release delete try-stop-go --yes", NULL}, .run = cli_release_delete},

  {.path = "ota events", .summary = "What devices reported of their updates, newest first.", .options = events_options,
   .examples = EXAMPLES{"godwit ota events", "godwit ota events --device kitchen --limit 10", NULL}, .run = cli_ota_events},

  {.path = "setting set", .summary = "Tell devices a value: of the project, a blueprint or one device.",
   .details = "The nearest level wins: the device's, then its blueprint's, then the project's. Devices that are "
              "connected have it at once, the others when they come.",
   .arguments = takes_setting_value, .options = setting_set_options,
   .examples = EXAMPLES{"godwit setting set CAPTURE_ENABLED true --device kitchen", "godwit setting set CAPTURE_PER_DAY 20", NULL},
   .run = cli_setting_set},
  {.path = "setting list", .summary = "List the settings of every level, or of one.", .options = level_options,
   .examples = EXAMPLES{"godwit setting list", "godwit setting list --device kitchen", NULL}, .run = cli_setting_list},
  {.path = "setting delete", .summary = "Delete a setting; the next level's counts again.", .arguments = takes_setting,
   .options = setting_delete_options,
   .examples = EXAMPLES{"godwit setting delete CAPTURE_ENABLED --device kitchen --yes", NULL}, .run = cli_setting_delete},

  {.path = "state get", .summary = "Show a device's state.", .arguments = takes_state,
   .examples = EXAMPLES{"godwit state get kitchen", "godwit state get kitchen desired/volume", NULL}, .run = cli_state_get},
  {.path = "state set", .summary = "Replace a device's state, or what is at a path.",
   .details = "A device that observes it is told at once.", .arguments = takes_state_value,
   .examples = EXAMPLES{"godwit state set kitchen desired/volume 7", "godwit state set kitchen / '{\"desired\": {\"volume\": 7}}'", NULL},
   .run = cli_state_set},
  {.path = "state merge", .summary = "Change members of a device's state; null removes one.", .arguments = takes_state_value,
   .examples = EXAMPLES{"godwit state merge kitchen desired '{\"volume\": 7, \"muted\": null}'", NULL}, .run = cli_state_merge},
  {.path = "state delete", .summary = "Delete a device's state, or what is at a path.", .arguments = takes_state,
   .options = yes_options, .examples = EXAMPLES{"godwit state delete kitchen desired --yes", NULL}, .run = cli_state_delete},

  {.path = "rpc", .summary = "Call a method of a device, and wait for its answer.",
   .details = "Exit code 0 when the device answered OK. An offline device is said to be so at once. A parameter below zero "
              "is written as it is, -5; one that begins with a dash and is no number stands behind --.",
   .arguments = takes_call, .options = rpc_options,
   .examples = EXAMPLES{"godwit rpc kitchen capture", "godwit rpc kitchen set_volume 7 --timeout 30", NULL}, .run = cli_rpc},
  {.path = "log", .summary = "What devices logged, the newest last.",
   .details = "With --json the newest stand first; with --json and --follow each line is a document of its own.",
   .options = log_options,
   .examples = EXAMPLES{"godwit log --device kitchen --level warn", "godwit log --follow", NULL}, .run = cli_log},

  {.path = "capture list", .summary = "List what devices sent, newest first.", .options = capture_list_options,
   .examples = EXAMPLES{"godwit capture list --unlabelled", "godwit capture list --device kitchen --max-score 0.6 --json", NULL},
   .run = cli_capture_list},
  {.path = "capture show", .summary = "Show a capture, and what the device said of it.", .arguments = takes_capture,
   .examples = EXAMPLES{"godwit capture show 6561f3a2c0ffee0000000001", NULL}, .run = cli_capture_show},
  {.path = "capture play", .summary = "Draw a capture's sound and play it.",
   .details = "Through the first of pw-play, paplay, aplay, afplay, play and ffplay that works. With --json: what `godwit "
              "capture show` says, and nothing is played.",
   .arguments = takes_capture, .options = capture_play_options,
   .examples = EXAMPLES{"godwit capture play 6561f3a2c0ffee0000000001", NULL}, .run = cli_capture_play},
  {.path = "capture download", .summary = "Get a capture's bytes.", .arguments = takes_capture,
   .options = capture_download_options,
   .examples = EXAMPLES{"godwit capture download 6561f3a2c0ffee0000000001 --output clip.wav", NULL},
   .run = cli_capture_download},
  {.path = "capture label", .summary = "Say what captures really are.",
   .details = "The next model is trained and judged by these labels. Up to 1,000 captures are labelled together or not "
              "at all.",
   .arguments = takes_label_and_captures, .options = capture_label_options,
   .examples = EXAMPLES{"godwit capture label yes 6561f3a2c0ffee0000000001 6561f3a2c0ffee0000000002",
                        "godwit capture label --from labels.csv",
                        "godwit capture label --clear 6561f3a2c0ffee0000000001", NULL},
   .run = cli_capture_label},
  {.path = "capture export", .summary = "Labelled captures as a folder for each label, for training.",
   .details = "In the layout of Speech Commands, with manifest.jsonl and lists for training, validation and testing: "
              "split by device, so that no speaker is on both sides. `./dev train` and `godwit model evaluate` read it; "
              "docs/spec/export.md has the details. A folder is unpacked from a tar that is checked as a whole before: "
              "so long it takes twice the space.",
   .options = capture_export_options,
   .examples = EXAMPLES{"godwit capture export --output captures", "godwit capture export --output captures.tar --since 30d", NULL},
   .run = cli_capture_export},
  {.path = "capture delete", .summary = "Delete captures.", .arguments = takes_captures, .options = yes_options,
   .examples = EXAMPLES{"godwit capture delete 6561f3a2c0ffee0000000001 --yes", NULL}, .run = cli_capture_delete},

  {.path = "apikey create", .summary = "Create an API key; it is shown this once.", .arguments = takes_name,
   .options = api_key_create_options,
   .examples = EXAMPLES{"godwit apikey create build-server", NULL}, .run = cli_api_key_create},
  {.path = "apikey list", .summary = "List the API keys, without the keys.",
   .examples = EXAMPLES{"godwit apikey list", NULL}, .run = cli_api_key_list},
  {.path = "apikey enable", .summary = "Let a disabled API key in again.", .arguments = takes_api_key,
   .examples = EXAMPLES{"godwit apikey enable build-server", NULL}, .run = cli_api_key_enable},
  {.path = "apikey disable", .summary = "Refuse an API key from now on.", .arguments = takes_api_key,
   .examples = EXAMPLES{"godwit apikey disable build-server", NULL}, .run = cli_api_key_disable},
  {.path = "apikey delete", .summary = "Delete an API key; it is refused from now on.", .arguments = takes_api_key,
   .options = yes_options, .examples = EXAMPLES{"godwit apikey delete build-server --yes", NULL}, .run = cli_api_key_delete},

  {.path = "model inspect", .summary = "Check a model as devices do, and show what is in it.",
   .details = "Needs no server. Exit code 1 when no device could run it; what could be read is shown all the same.",
   .arguments = takes_model,
   .examples = EXAMPLES{"godwit model inspect yes_no.tflite", "godwit model inspect yes_no.tflite --json", NULL},
   .local = true, .run = cli_model_inspect},
  {.path = "model pack", .summary = "Put labels, thresholds, front end, arena and a self-test into a model.",
   .details = "The file stays a model that every TensorFlow Lite tool opens, its old bytes are not touched. The self-test is "
              "run here once and by each device before the model goes to work: a model that was changed, whose labels are in "
              "another order, or that computes something else there, is refused. docs/guide/packing.md.",
   .arguments = takes_model, .options = model_pack_options,
   .examples = EXAMPLES{"godwit model pack kws.tflite --labels silence,unknown,yes,no --self-test clips --threshold yes=0.8 --output model.tflite",
                        "godwit model pack detector.tflite --output detector.tflite", NULL},
   .local = true, .run = cli_model_pack},
  {.path = "model unpack", .summary = "Take out what `model pack` put in: the file as it was.",
   .arguments = takes_model, .options = model_unpack_options,
   .examples = EXAMPLES{"godwit model unpack model.tflite --output bare.tflite", NULL},
   .local = true, .run = cli_model_unpack},
  {.path = "model test", .summary = "Replay a model's self-test, as devices do.",
   .details = "Exit code 1 when it does not pass, or carries none.", .arguments = takes_model,
   .examples = EXAMPLES{"godwit model test model.tflite", NULL}, .local = true, .run = cli_model_test},
  {.path = "model evaluate", .summary = "Run a model over labelled clips or pictures: how good is it?",
   .details = "Accuracy with 95 % intervals, what is heard as what, the worst devices and clips. With --compare: what a "
              "release would win and lose. Needs no server but for PACKAGE@VERSION and --store. How clips are read: "
              "docs/guide/evaluation.md; the JSON: docs/spec/evaluation.md.",
   .arguments = takes_model_or_artifact, .options = model_evaluate_options,
   .examples = EXAMPLES{"godwit model evaluate yes_no.tflite --dataset speech_commands",
                        "godwit model evaluate new.tflite --compare old.tflite --dataset captures.tar --split testing",
                        "godwit model evaluate model@1.1.0 --compare model@1.0.0 --dataset captures --store", NULL},
   .local = true, .run = cli_model_evaluate},
  {.path = "model evaluations", .summary = "List the evaluations kept with an artifact, newest first, or show one.",
   .arguments = takes_evaluation,
   .examples = EXAMPLES{"godwit model evaluations model@1.1.0",
                        "godwit model evaluations model@1.1.0 01a2b3c4-d5e6-7f80-91a2-b3c4d5e6f708", NULL},
   .run = cli_model_evaluations},

  {.path = "overview", .summary = "The fleet in numbers: devices, versions, rollouts, captures.",
   .examples = EXAMPLES{"godwit overview", NULL}, .run = cli_overview},
  {.path = "live", .summary = "Print what happens, as it happens.",
   .details = "A line for each event; with --json a document for each. Ctrl-C ends it.", .options = live_options,
   .examples = EXAMPLES{"godwit live", "godwit live --topics logs --device kitchen --json", NULL}, .run = cli_live},
  {.path = "virtual create", .summary = "Start a device without hardware: it connects, runs models and listens.",
   .details = "The server runs it. `godwit rpc NAME say stop` speaks to it, and says what it heard.",
   .arguments = takes_optional_name, .examples = EXAMPLES{"godwit virtual create", "godwit virtual create parrot", NULL},
   .run = cli_virtual_create},
  {.path = "virtual list", .summary = "List the virtual devices.", .examples = EXAMPLES{"godwit virtual list", NULL},
   .run = cli_virtual_list},
  {.path = "virtual delete", .summary = "Stop a virtual device, and delete it.", .arguments = takes_device, .options = yes_options,
   .examples = EXAMPLES{"godwit virtual delete parrot --yes", NULL}, .run = cli_virtual_delete},

  {.path = "account show", .summary = "Show the account that is signed in.",
   .examples = EXAMPLES{"godwit account show", NULL}, .run = cli_account_show},
  {.path = "account set", .summary = "Change the own name, e-mail or password.",
   .details = "Passwords are read from standard input, a line each. Two-step verification is set up in the console.",
   .options = account_set_options,
   .examples = EXAMPLES{"godwit account set --password --current", "godwit account set --name Ada --email ada@example.org", NULL},
   .run = cli_account_set},
  {.path = "account sessions", .summary = "List where the account is signed in.",
   .examples = EXAMPLES{"godwit account sessions", NULL}, .run = cli_account_sessions},
  {.path = "account sign-out", .summary = "End one of these sign-ins.", .arguments = takes_session, .options = yes_options,
   .examples = EXAMPLES{"godwit account sign-out 6561f3a2c0ffee0000000001 --yes", NULL}, .run = cli_account_sign_out},
  {.path = "organization list", .summary = "List the organisations.",
   .examples = EXAMPLES{"godwit organization list", NULL}, .run = cli_organization_list},
  {.path = "organization create", .summary = "Create an organisation.", .arguments = takes_name,
   .options = organization_create_options,
   .examples = EXAMPLES{"godwit organization create 'Green Ltd' --id green", NULL}, .run = cli_organization_create},
  {.path = "organization rename", .summary = "Rename an organisation.", .arguments = takes_organization_name,
   .examples = EXAMPLES{"godwit organization rename green 'Green and Sons'", NULL}, .run = cli_organization_rename},
  {.path = "organization delete", .summary = "Delete an organisation that has no project.", .arguments = takes_organization,
   .options = yes_options, .examples = EXAMPLES{"godwit organization delete green --yes", NULL}, .run = cli_organization_delete},
  {.path = "member list", .summary = "List who may do something in an organisation.", .options = member_options,
   .examples = EXAMPLES{"godwit member list", NULL}, .run = cli_member_list},
  {.path = "member invite", .summary = "Let somebody in: prints a link that signs them in once.",
   .details = "A viewer sees everything but secrets, an operator runs the fleet, an admin also decides who may do what: "
              "docs/guide/accounts.md.",
   .arguments = takes_email, .options = member_invite_options,
   .examples = EXAMPLES{"godwit member invite bob@example.org --role viewer", "godwit member invite eve@example.org --role operator --of-project greenhouse", NULL},
   .run = cli_member_invite},
  {.path = "member set", .summary = "Change a member's role.", .arguments = takes_member, .options = member_set_options,
   .examples = EXAMPLES{"godwit member set bob@example.org --role operator", NULL}, .run = cli_member_set},
  {.path = "member link", .summary = "Make a link that signs a member in once, for a lost password.", .arguments = takes_member,
   .options = member_find_options, .examples = EXAMPLES{"godwit member link bob@example.org", NULL}, .run = cli_member_link},
  {.path = "member remove", .summary = "Take a member's rights; their sign-ins end.", .arguments = takes_member,
   .options = member_remove_options, .examples = EXAMPLES{"godwit member remove bob@example.org --yes", NULL}, .run = cli_member_remove},
  {.path = "audit", .summary = "Who changed what, newest first.", .options = audit_options,
   .examples = EXAMPLES{"godwit audit", "godwit audit --kind release --since 7d", NULL}, .run = cli_audit},
  {.path = "api", .summary = "Call the REST API.",
   .details = "With the login of the config file; prints the whole answer. What there is: `godwit api GET /v1/openapi.json`, or "
              "the console's page of it.",
   .arguments = takes_request, .options = api_options,
   .examples = EXAMPLES{"godwit api GET devices?term=kit", "godwit api PATCH devices/kitchen '{\"enabled\": false}'",
                        "godwit api POST 'artifacts?package=model&version=1.2.0' --file model.tflite", NULL},
   .run = cli_api_call},

  {.path = "completion bash", .summary = "Print the completion script for bash.",
   .examples = EXAMPLES{"godwit completion bash > ~/.local/share/bash-completion/completions/godwit", NULL},
   .local = true, .run = cli_completion_bash},
  {.path = "completion zsh", .summary = "Print the completion script for zsh.",
   .examples = EXAMPLES{"godwit completion zsh > ~/.zfunc/_godwit", NULL}, .local = true, .run = cli_completion_zsh},
  {.path = "completion fish", .summary = "Print the completion script for fish.",
   .examples = EXAMPLES{"godwit completion fish > ~/.config/fish/completions/godwit.fish", NULL}, .local = true,
   .run = cli_completion_fish},
  {.path = "manual", .summary = "Write manual pages, one for each kind of command.", .arguments = takes_folder,
   .examples = EXAMPLES{"godwit manual ~/.local/share/man/man1", NULL}, .local = true, .run = cli_manual},
  {.path = "reference", .summary = "Print all of this as a Markdown page.",
   .examples = EXAMPLES{"godwit reference > docs/guide/cli.md", NULL}, .local = true, .run = cli_reference},
};
const size_t cli_command_count = sizeof cli_commands / sizeof cli_commands[0];

static const struct {
  const char *noun, *summary;
} nouns[] = {
  {"profile", "servers and logins by name"},
  {"project", "the devices, models and releases of one fleet"},
  {"blueprint", "kinds of hardware"},
  {"tag", "marks for some devices"},
  {"device", "what runs the models"},
  {"credential", "the keys devices connect with"},
  {"ca", "certificate authorities that the server keeps"},
  {"certificate", "CAs that are trusted, and certificates that are revoked"},
  {"artifact", "models and other files, by package and version"},
  {"key", "publishers' keys, and what they sign"},
  {"release", "artifacts, and for whom they are"},
  {"ota", "how updates went"},
  {"setting", "values that devices are told"},
  {"state", "a JSON document for each device, shared with it"},
  {"rpc", "calls to devices"},
  {"log", "what devices log"},
  {"capture", "what devices sent: audio, pictures, data"},
  {"apikey", "the keys people and programs use this API with"},
  {"model", "a look into .tflite files, and how good they are"},
  {"virtual", "devices without hardware, run by the server"},
  {"account", "who you are to the server"},
  {"organization", "who owns projects"},
  {"member", "who may do what"},
  {"completion", "help for the shell"},
};

const char *cli_noun_summary(const char *noun, size_t length) {
  for (size_t i = 0; i < sizeof nouns / sizeof nouns[0]; i++) {
    if (strlen(nouns[i].noun) == length && memcmp(nouns[i].noun, noun, length) == 0) {
      return nouns[i].summary;
    }
  }
  return NULL;
}
