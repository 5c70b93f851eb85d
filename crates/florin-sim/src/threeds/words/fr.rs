//! French.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::French,
    title: "Confirmez votre paiement",
    bank: "Banque de test",
    choose: "Votre banque veut s’assurer que c’est bien vous. Ceci est la plateforme de test : choisissez comment se termine l’authentification.",
    shop: "Boutique",
    amount: "Montant",
    card: "Carte",
    outcome: "Résultat",
    authenticated: "Authentifié (Y)",
    attempted: "Tentative (A)",
    not_authenticated: "Non authentifié (N)",
    unavailable: "Indisponible (U)",
    rejected: "Rejeté (R)",
    cancel: "Annuler",
    confirm: "Confirmer",
    nothing_moves: "Aucun argent ne circule ici et aucune vraie carte ne fonctionne ici.",
    thanks_title: "Merci",
    thanks_text: "Retour à la boutique en cours.",
    answered_title: "Réponse déjà donnée",
    answered_text: "Une réponse a déjà été donnée pour ce paiement ; c’est la première qui compte.",
    continue_button: "Continuer",
    refused_title: "Cela ne fonctionne pas",
    refused_text: "La demande ne contient aucune authentification lisible.",
    unknown_title: "Introuvable",
    unknown_text: "Cette banque de test ne connaît pas cette authentification. Veuillez retourner à la boutique.",
    expired_title: "Trop tard",
    expired_text: "Le délai de cette authentification est dépassé. Veuillez retourner à la boutique.",
};
