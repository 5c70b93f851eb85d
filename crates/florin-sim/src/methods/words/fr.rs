//! French.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::French,
    title: "Payer avec {method}",
    provider: "Prestataire de test",
    choose: "Ceci est la plateforme de test : choisissez comment se termine le paiement.",
    shop: "Boutique",
    amount: "Montant",
    purpose: "Motif",
    bank: "Banque",
    outcome: "Résultat",
    balance: "Solde de la carte cadeau, dans la plus petite unité (centimes)",
    account: "Virement à",
    holder: "Titulaire du compte",
    reference: "Référence du paiement",
    confirm: "Confirmer",
    nothing_moves: "Aucun argent ne circule ici, quel que soit votre choix.",
    completed: "Effectué",
    half_balance: "Moitié : le solde paie la moitié du montant",
    no_balance: "Refusé : le solde est nul",
    typed_balance: "Le solde saisi ci-dessous",
    paid_later: "Effectué plus tard : l'argent arrive après quelques jours",
    never_paid: "En attente : l'argent n'arrive jamais",
    uncleared: "En examen (uncleared) jusqu'à l'expédition ; annulé après 5 jours",
    uncleared_accepted: "En examen (uncleared), effectué après 3 minutes",
    uncleared_declined: "En examen (uncleared), annulé après 3 minutes",
    charged_back: "Effectué, contesté après 14 jours",
    declined: "Refusé",
    cancelled: "Annulé",
    expired: "Expiré",
    refused_title: "Cela ne fonctionne pas",
    form_wrong: "Ce formulaire ne vient pas de cette page. Veuillez rouvrir la page.",
    balance_wrong: "Un solde est un nombre entier dans la plus petite unité de la devise, à partir de 0. Veuillez revenir en arrière et le saisir à nouveau.",
    unknown_title: "Introuvable",
    unknown_text: "Ce prestataire de test ne connaît pas ce paiement. Veuillez retourner à la boutique.",
};
