"""The admin's models, by its own names for them."""

MODELS = [
    "claims_auditevent",
    "claims_bulkjob",
    "claims_rewardfunnel",
    "claims_failedlogin",
    "accounts_player",
    "accounts_platformaccount",
    "accounts_linkevent",
    "accounts_authorization",
    "accounts_deauthorization",
    "accounts_linkattempt",
    "claims_claim",
    "claims_entitlement",
    "claims_quarantineddelivery",
    "claims_reconcilerun",
    "core_lease",
    "core_alert",
    "claims_playersync",
    "claims_grantrequest",
    "core_alertmessage",
    "core_counter",
    "claims_webhookdelivery",
    "claims_webhookmessage",
    "claims_campaign",
    "claims_reward",
    "claims_item",
    "claims_apikey",
    "claims_webhookendpoint",
]
READ_ONLY = MODELS[:22]
EDITABLE = [
    "claims_campaign",
    "claims_reward",
    "claims_item",
    "claims_apikey",
    "claims_webhookendpoint",
]
