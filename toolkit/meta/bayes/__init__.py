"""Bayesian random-effects models by quadrature: posteriors, predictions, Bayes factors, model averages, no sampler.

Given tau, everything in the normal-normal model is normal; what is left is one integral over tau.
"""
