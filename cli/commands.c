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
  {.name = "json", .help = "print the server's JSON, one document, instead of tables"},
  {.name = "help", .help = "say what a command does, and stop"},
  {0},
};

#define OPTION_YES {.name = "yes", .help = "do not ask; needed where there is no terminal to ask on"}
#define OPTION_PSK_ID {.name = "psk-id", .value = "IDENTITY", .help = "PSK identity; NAME@PROJECT when not given"}
#define OPTION_PSK {.name = "psk", .value = "KEY", .help = "the key as text; '-' reads it from standard input; a random one when not given"}

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
static const struct cli_option artifact_upload_options[] = {
  {.name = "package", .value = "PACKAGE", .help = "what it is to the device: model, main, ...", .required = true},
  {.name = "version", .value = "VERSION", .help = "semantic version, 1.0.0", .required = true},
  {.name = "blueprint", .value = "BLUEPRINT", .help = "only for this hardware: name or id"},
  {.name = "force-binary", .help = "not a model: firmware or an asset, taken as it is"},
  {0},
};
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
static const struct cli_option release_create_options[] = {
  {.name = "artifact", .value = "ARTIFACT", .help = "PACKAGE@VERSION or id; one for each package, may be repeated", .repeats = true, .required = true},
  {.name = "blueprint", .value = "BLUEPRINT", .help = "only for this hardware: name or id"},
  {.name = "tag", .value = "TAG", .help = "only for devices with this tag; repeated: with all of them", .repeats = true},
  {.name = "name", .value = "NAME", .help = "a name for the release, unique in the project"},
  {.name = "rollout", .help = "roll it out at once"},
  {0},
};
static const struct cli_option release_list_options[] = {
  {.name = "rollout", .help = "only those that are rolled out"},
  {0},
};
static const struct cli_option login_options[] = {
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
static const struct cli_option api_key_create_options[] = {
  {.name = "server", .help = "good for every project of the server"},
  {0},
};

#define EXAMPLES (const char *const[])

const struct cli_command cli_commands[] = {
  {.path = "server", .summary = "Run the server.",
   .details = "Its own options: `godwit server --help`.",
   .examples = EXAMPLES{"godwit server --data /var/lib/godwit", NULL}, .local = true, .run = NULL},
  {.path = "login", .summary = "Keep the server's address and an API key in the config file.",
   .details = "Asks for the key on standard input when neither --api-key nor GODWIT_API_KEY is given. The file is "
              "~/.config/godwit/config (below $XDG_CONFIG_HOME where that is set), readable by you alone.",
   .options = login_options,
   .examples = EXAMPLES{"godwit login --url http://127.0.0.1:8080", "godwit login --project greenhouse < key.txt", NULL},
   .run = cli_login},
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
  {.path = "blueprint delete", .summary = "Delete a blueprint that nothing uses.", .arguments = takes_blueprint,
   .options = yes_options, .examples = EXAMPLES{"godwit blueprint delete cam-2 --yes", NULL}, .run = cli_blueprint_delete},

  {.path = "tag create", .summary = "Create a tag: a mark for some devices.", .arguments = takes_name,
   .examples = EXAMPLES{"godwit tag create beta", NULL}, .run = cli_tag_create},
  {.path = "tag list", .summary = "List the tags.", .examples = EXAMPLES{"godwit tag list", NULL}, .run = cli_tag_list},
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
                        "godwit artifact upload app.bin --package main --version 2.3.1 --force-binary", NULL},
   .run = cli_artifact_upload},
  {.path = "artifact list", .summary = "List the artifacts.", .options = artifact_list_options,
   .examples = EXAMPLES{"godwit artifact list", "godwit artifact list --package model", NULL}, .run = cli_artifact_list},
  {.path = "artifact show", .summary = "Show an artifact.", .arguments = takes_artifact, .options = artifact_blueprint_options,
   .examples = EXAMPLES{"godwit artifact show model@1.0.0", NULL}, .run = cli_artifact_show},
  {.path = "artifact download", .summary = "Get an artifact's bytes back.", .arguments = takes_artifact,
   .options = artifact_download_options,
   .examples = EXAMPLES{"godwit artifact download model@1.0.0 --output model.tflite", NULL}, .run = cli_artifact_download},
  {.path = "artifact delete", .summary = "Delete an artifact that is in no release.", .arguments = takes_artifact,
   .options = artifact_delete_options, .examples = EXAMPLES{"godwit artifact delete model@1.0.0 --yes", NULL},
   .run = cli_artifact_delete},

  {.path = "release create", .summary = "Put artifacts into a release.",
   .details = "A device gets the newest release with rollout on whose blueprint is unset or its own, and all of whose "
              "tags it has.",
   .options = release_create_options,
   .examples = EXAMPLES{"godwit release create --artifact model@1.0.0 --blueprint m5stack-cores3 --rollout",
                        "godwit release create --artifact model@1.1.0 --tag beta --name try-stop-go", NULL},
   .run = cli_release_create},
  {.path = "release list", .summary = "List the releases, newest first.", .options = release_list_options,
   .examples = EXAMPLES{"godwit release list", NULL}, .run = cli_release_list},
  {.path = "release show", .summary = "Show a release.", .arguments = takes_release,
   .examples = EXAMPLES{"godwit release show try-stop-go", NULL}, .run = cli_release_show},
  {.path = "release rollout on", .summary = "Roll a release out: devices are told at once.", .arguments = takes_release,
   .examples = EXAMPLES{"godwit release rollout on try-stop-go", NULL}, .run = cli_release_rollout_on},
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
  {.path = "apikey delete", .summary = "Delete an API key; it is refused from now on.", .arguments = takes_api_key,
   .options = yes_options, .examples = EXAMPLES{"godwit apikey delete build-server --yes", NULL}, .run = cli_api_key_delete},

  {.path = "model inspect", .summary = "Check a model as devices do, and show what is in it.",
   .details = "Needs no server. Exit code 1 when no device could run it; what could be read is shown all the same.",
   .arguments = takes_model,
   .examples = EXAMPLES{"godwit model inspect yes_no.tflite", "godwit model inspect yes_no.tflite --json", NULL},
   .local = true, .run = cli_model_inspect},
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

  {.path = "completion bash", .summary = "Print the completion script for bash.",
   .examples = EXAMPLES{"godwit completion bash > ~/.local/share/bash-completion/completions/godwit", NULL},
   .local = true, .run = cli_completion_bash},
  {.path = "reference", .summary = "Print all of this as a Markdown page.",
   .examples = EXAMPLES{"godwit reference > docs/guide/cli.md", NULL}, .local = true, .run = cli_reference},
};
const size_t cli_command_count = sizeof cli_commands / sizeof cli_commands[0];

static const struct {
  const char *noun, *summary;
} nouns[] = {
  {"project", "the devices, models and releases of one fleet"},
  {"blueprint", "kinds of hardware"},
  {"tag", "marks for some devices"},
  {"device", "what runs the models"},
  {"credential", "the keys devices connect with"},
  {"ca", "certificate authorities that the server keeps"},
  {"certificate", "CAs that are trusted, and certificates that are revoked"},
  {"artifact", "models and other files, by package and version"},
  {"release", "artifacts, and for whom they are"},
  {"ota", "how updates went"},
  {"setting", "values that devices are told"},
  {"state", "a JSON document for each device, shared with it"},
  {"rpc", "calls to devices"},
  {"log", "what devices log"},
  {"capture", "what devices sent: audio, pictures, data"},
  {"apikey", "the keys people and programs use this API with"},
  {"model", "a look into .tflite files, and how good they are"},
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
